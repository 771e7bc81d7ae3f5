"""Custody of seals: who may make, use, agree and destroy; every use is a row; the database refuses what the code forgets."""

import datetime as dt
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, ProgrammingError, transaction

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.keys import sm2
from onecity.kernel.records.keys.sm2_openssl import PrivateKey
from onecity.kernel.records.models import Seal, SealGrant, SealRequest, SealUse
from onecity.kernel.records.ofd import stamping
from onecity.kernel.records.ofd.tests import stamped as sample
from onecity.kernel.records.seals import asking, authority, custody, opening, reading, service
from onecity.kernel.records.seals.custody import Leave
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.purpose import Purpose
from onecity.kernel.records.seals.tests import test_pdf
from onecity.kernel.records.seals.tests.conftest import Office, new_seal

SHOP = Purpose("case", "service.shop", "核发文书")
GRAVE = Purpose("case", "service.grave", "重大事项文书")
RESIDENCE = Purpose("certificate", "residence", "居住证明")


def refused(code: str, act: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as refusal, transaction.atomic():
        act()
    assert refusal.value.code == code
    return refusal.value


def counts() -> tuple[int, int]:
    return SealUse.objects.count(), AuditEvent.objects.filter(action="seals.use").count()


def test_a_new_seal_has_its_key_its_certificate_and_its_place_in_the_trail(office: Office) -> None:
    seal = office.seal
    read = reading.read_seal(bytes(seal.structure))
    assert (read.version, read.info.name, read.info.number) == (4, "测试区政务服务中心", "990101-0001")
    assert read.info.certificates == (bytes(seal.certificate),)
    assert bytes(seal.picture) == read.info.picture.data
    path = Path(settings.ONECITY_HOME) / "secrets" / "seals" / f"seal-{seal.id}.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = AuditEvent.objects.get(action="seals.make")
    assert (made.actor_id, made.object_id) == (office.keeper.id, str(seal.id))


def test_an_officer_with_leave_stamps_and_the_document_verifies(office: Office) -> None:
    stamped = service.stamp_ofd(sample.plain(), office.seal.id, office.officer, SHOP)
    report = service.verify(stamped)
    assert (report.verdict, report.stamps[0].seal_name) == ("valid", "测试区政务服务中心")
    use = SealUse.objects.get()
    assert (use.actor_id, use.format, use.subject_code, use.purpose) == (
        office.officer.id,
        "ofd",
        "service.shop",
        "核发文书",
    )
    assert (use.digest_before, use.digest_after) == (sm3(sample.plain()).hex(), sm3(stamped).hex())
    assert use.digest_after in AuditEvent.objects.get(action="seals.use").detail


def test_a_pdf_is_stamped_and_verified_the_same_way(office: Office) -> None:
    stamped = service.stamp_pdf(test_pdf.plain(), office.seal.id, office.officer, SHOP)
    assert service.verify(stamped).verdict == "valid"
    assert SealUse.objects.get().format == "pdf"


def test_the_platform_stamps_for_a_rule_what_it_has_leave_for_and_nothing_else(office: Office) -> None:
    assert service.verify_ofd(service.stamp_ofd(sample.plain(), office.seal.id, None, RESIDENCE)).verdict == "valid"
    refused("seal-not-allowed", lambda: service.stamp_ofd(sample.plain(), office.seal.id, None, SHOP))
    assert counts() == (1, 1)


@pytest.mark.parametrize(
    ("who", "purpose", "code"),
    [
        ("officer", RESIDENCE, "seal-not-allowed"),
        ("officer", Purpose("case", "service.other", "x"), "seal-not-allowed"),
        ("idle", SHOP, "seal-not-allowed"),
        ("keeper", SHOP, "forbidden"),
        ("resident", SHOP, "forbidden"),
        ("stranger", SHOP, "forbidden"),
    ],
)
def test_nobody_else_stamps_and_nothing_is_written(office: Office, who: str, purpose: Purpose, code: str) -> None:
    actor: Account = getattr(office, who)
    refused(code, lambda: service.stamp_ofd(sample.plain(), office.seal.id, actor, purpose))
    assert counts() == (0, 0)


def test_leave_ends_when_it_is_taken_back_and_at_its_date(office: Office) -> None:
    tomorrow = now() + dt.timedelta(days=1)
    custody.allow(office.seal.id, Leave(office.idle.id, "case", "service.shop", valid_until=tomorrow), office.keeper)
    service.stamp_ofd(sample.plain(), office.seal.id, office.idle, SHOP)
    with use_clock(FixedClock(tomorrow)):
        refused("seal-not-allowed", lambda: service.stamp_ofd(sample.plain(), office.seal.id, office.idle, SHOP))
    grant = SealGrant.objects.get(account_id=office.officer.id, subject_code="service.shop")
    custody.withdraw(grant.id, office.keeper)
    refused("seal-not-allowed", lambda: service.stamp_ofd(sample.plain(), office.seal.id, office.officer, SHOP))
    assert counts() == (1, 1)


def test_the_same_leave_given_twice_is_one(office: Office) -> None:
    leave = Leave(office.officer.id, "case", "service.shop")
    assert custody.allow(office.seal.id, leave, office.keeper) == custody.allow(office.seal.id, leave, office.keeper)
    assert SealGrant.objects.filter(account_id=office.officer.id, subject_code="service.shop").count() == 1


def test_a_second_person_agrees_to_one_document_and_the_agreement_is_used_once(office: Office) -> None:
    document = sample.plain()
    refused("seal-approval-needed", lambda: service.stamp_ofd(document, office.seal.id, office.officer, GRAVE))
    request = asking.ask(office.seal.id, document, GRAVE, office.officer)
    assert asking.ask(office.seal.id, document, GRAVE, office.officer) == request
    refused("seal-approval-needed", lambda: service.stamp_ofd(document, office.seal.id, office.officer, GRAVE))
    assert [one.id for one in asking.waiting(office.second)] == [request.id]
    assert list(asking.waiting(office.stranger)) == []
    asking.approve(request.id, office.second)
    other = test_pdf.plain()
    refused("seal-approval-needed", lambda: service.stamp_pdf(other, office.seal.id, office.officer, GRAVE))
    stamped = service.stamp_ofd(document, office.seal.id, office.officer, GRAVE)
    assert service.verify_ofd(stamped).verdict == "valid"
    assert SealUse.objects.get().request_id == request.id
    refused("seal-approval-needed", lambda: service.stamp_ofd(document, office.seal.id, office.officer, GRAVE))


def test_nobody_agrees_to_his_own_request_and_none_is_decided_twice(office: Office) -> None:
    custody.allow(office.seal.id, Leave(office.second.id, "case", "service.grave", needs_approval=True), office.keeper)
    own = asking.ask(office.seal.id, sample.plain(), GRAVE, office.second)
    refused("seal-second-person", lambda: asking.approve(own.id, office.second))
    request = asking.ask(office.seal.id, sample.plain(), GRAVE, office.officer)
    refused("forbidden", lambda: asking.approve(request.id, office.keeper))
    refused("reason-needed", lambda: asking.refuse(request.id, office.second, " "))
    asking.refuse(request.id, office.second, "材料不齐")
    refused("seal-decided", lambda: asking.approve(request.id, office.second))
    refused("seal-approval-needed", lambda: service.stamp_ofd(sample.plain(), office.seal.id, office.officer, GRAVE))
    assert SealRequest.objects.get(id=request.id).note == "材料不齐"


def test_an_old_agreement_is_not_used(office: Office) -> None:
    request = asking.ask(office.seal.id, sample.plain(), GRAVE, office.officer)
    asking.approve(request.id, office.second)
    with use_clock(FixedClock(now() + asking.HOLDS + dt.timedelta(minutes=1))):
        refused(
            "seal-approval-needed", lambda: service.stamp_ofd(sample.plain(), office.seal.id, office.officer, GRAVE)
        )


def test_a_suspended_seal_rests_and_a_destroyed_one_never_comes_back(
    office: Office, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    before = service.stamp_ofd(sample.plain(), office.seal.id, office.officer, SHOP)
    with use_clock(FixedClock(now() + dt.timedelta(minutes=1))):
        custody.suspend(office.seal.id, office.keeper, "盘点")
        refused("seal-state", lambda: service.stamp_ofd(sample.plain(), office.seal.id, office.officer, SHOP))
        assert service.verify_ofd(before).verdict == "valid"
        custody.resume(office.seal.id, office.keeper, "盘点完成")
        service.stamp_ofd(sample.plain(), office.seal.id, office.officer, SHOP)
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # pytest-django's fixture
            custody.destroy(office.seal.id, office.keeper, "机构撤销")
        refused("seal-state", lambda: custody.resume(office.seal.id, office.keeper, "还要用"))
        refused("seal-state", lambda: service.stamp_ofd(sample.plain(), office.seal.id, office.officer, SHOP))
    refused("no-seal-key", lambda: sm2.open_key(office.seal.key_reference))
    assert service.verify_ofd(before).verdict == "valid"  # its time is proven to lie before
    actions = AuditEvent.objects.filter(object_type="seal").values_list("action", flat=True)
    assert {"seals.suspended", "seals.active", "seals.destroyed"} <= set(actions)


def test_a_stamp_made_with_the_key_after_the_suspension_is_refused(office: Office) -> None:
    custody.suspend(office.seal.id, office.keeper, "密钥可能泄露")
    key = sm2.open_key(office.seal.key_reference)
    order = sample.order(seal=bytes(office.seal.structure), at=now(), stamper=authority.stamper())
    signer = type(order.signer)(bytes(office.seal.certificate), key.sign)
    forged = stamping.stamp(
        sample.plain(), type(order)(order.seal, signer, now().replace(microsecond=0), order.places, order.stamper)
    )
    report = service.verify_ofd(forged)
    assert [step.number for step in report.steps if step.state == "failed"] == [8]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"number": "990101-0001"}, "number"),
        ({"number": "空"}, "number"),
        ({"number": "a" * 41}, "number"),
        ({"number": "2", "name": ""}, "name"),
        ({"number": "2", "name": "长" * 41}, "name"),
        ({"number": "2", "valid_until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "valid_until"),
        ({"number": "2", "valid_until": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}, "valid_until"),
    ],
)
def test_a_seal_that_does_not_fit_is_not_made(office: Office, changed: dict[str, object], field: str) -> None:
    problem = refused("seal-does-not-fit", lambda: custody.make(new_seal(**changed), office.keeper))
    assert [error.field for error in problem.errors] == [field]
    assert Seal.objects.count() == 1


def test_only_the_keeper_of_the_division_makes_and_moves_seals(office: Office) -> None:
    for who in (office.officer, office.second, office.stranger, office.resident):
        refused("forbidden", lambda who=who: custody.make(new_seal(number="3"), who))  # type: ignore[misc]  # mypy cannot infer a default's type
        refused("forbidden", lambda who=who: custody.suspend(office.seal.id, who, "x"))  # type: ignore[misc]  # same
        refused("forbidden", lambda who=who: custody.allow(office.seal.id, Leave(who.id, "case", "x"), who))  # type: ignore[misc]  # same
    refused("reason-needed", lambda: custody.suspend(office.seal.id, office.keeper, "  "))
    assert Seal.objects.get().state == "active"


def test_what_is_no_ofd_is_refused_and_no_use_is_written(office: Office) -> None:
    for document in (b"", b"PK", test_pdf.plain()):
        refused(
            "seal-document",
            lambda document=document: service.stamp_ofd(document, office.seal.id, office.officer, SHOP),  # type: ignore[misc]  # mypy cannot infer a default's type
        )
    assert counts() == (0, 0)


def test_a_use_must_say_what_for(office: Office) -> None:
    refused("purpose-needed", lambda: Purpose("case", "service.shop", " "))
    with pytest.raises(ValueError, match="not for"):
        Purpose("anything", "x", "y")


def visible(who: Account) -> tuple[int, int, int, int]:
    with acting_as(who.id):
        return (
            Seal.objects.count(),
            SealGrant.objects.count(),
            SealRequest.objects.count(),
            SealUse.objects.count(),
        )


def test_the_database_shows_a_seal_to_its_division_only(office: Office, app_role: None) -> None:
    with acting_as(office.officer.id):
        service.stamp_ofd(sample.plain(), office.seal.id, office.officer, SHOP)
        asking.ask(office.seal.id, sample.plain(), GRAVE, office.officer)
    for who in (office.keeper, office.officer, office.second, office.idle):
        assert visible(who) == (1, 3, 1, 1)
    assert visible(office.stranger) == (0, 0, 0, 0)
    assert visible(office.resident) == (0, 0, 0, 0)


def test_a_residents_request_is_stamped_by_the_rule_and_the_wall_closes_behind(office: Office, app_role: None) -> None:
    with acting_as(office.resident.id):
        stamped = service.stamp_ofd(sample.plain(), office.seal.id, None, RESIDENCE)
        assert service.verify_ofd(stamped).verdict == "valid"
        assert (Seal.objects.count(), SealUse.objects.count()) == (0, 0)
        refused("no-such-seal", lambda: service.stamp_ofd(sample.plain(), office.seal.id, office.resident, RESIDENCE))
    with acting_as(office.keeper.id):
        assert SealUse.objects.get().actor_id is None


def use_row(office: Office, **changed: object) -> SealUse:
    grant = SealGrant.objects.get(account_id=office.officer.id, subject_code="service.shop")
    values: dict[str, object] = {
        "seal": office.seal,
        "grant": grant,
        "actor_id": office.officer.id,
        "subject_kind": "case",
        "subject_code": "service.shop",
        "purpose": "x",
        "format": "ofd",
        "digest_before": "0" * 64,
        "digest_after": "1" * 64,
    }
    return SealUse(**(values | changed))


def use_row_of(actor: Account, seal: Seal, grant: SealGrant) -> SealUse:
    return SealUse(seal_id=seal.id, grant_id=grant.id, actor_id=actor.id)


def test_the_database_refuses_uses_without_leave_or_in_anothers_name(office: Office, app_role: None) -> None:
    with acting_as(office.officer.id):
        grave = SealGrant.objects.get(subject_code="service.grave")
        for row, error in (
            (use_row(office, subject_code="service.other"), IntegrityError),
            (use_row(office, grant=grave, subject_code="service.grave"), IntegrityError),
            (use_row(office, actor_id=office.idle.id), DatabaseError),
            (use_row(office, actor_id=None), DatabaseError),
        ):
            with pytest.raises(error), transaction.atomic():
                row.save(force_insert=True)
        use_row(office).save(force_insert=True)
        with pytest.raises(ProgrammingError), transaction.atomic():
            SealUse.objects.update(purpose="y")
        with pytest.raises(ProgrammingError), transaction.atomic():
            SealUse.objects.all().delete()
        assert Seal.objects.filter(id=office.seal.id).update(state="suspended") == 0
        assert SealGrant.objects.update(withdrawn_at=now()) == 0
    row = use_row_of(office.stranger, office.seal, grave)
    with acting_as(office.stranger.id), pytest.raises(DatabaseError), transaction.atomic():
        row.save(force_insert=True)


def test_the_database_keeps_destroyed_seals_destroyed_and_decisions_in_ones_own_name(
    office: Office, app_role: None
) -> None:
    with acting_as(office.officer.id):
        request = asking.ask(office.seal.id, sample.plain(), GRAVE, office.officer)
        with pytest.raises(DatabaseError), transaction.atomic():
            SealRequest.objects.filter(id=request.id).update(state="approved", decided_by_id=office.second.id)
        with pytest.raises(DatabaseError), transaction.atomic():
            SealRequest.objects.filter(id=request.id).update(state="approved", decided_by_id=office.officer.id)
    with acting_as(office.keeper.id):
        custody.destroy(office.seal.id, office.keeper, "x")
        for change in ({"state": "active"}, {"name": "别的"}, {"key_reference": "software:other"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Seal.objects.filter(id=office.seal.id).update(**change)


def test_an_opened_wall_shows_one_seal_and_closes_after_an_error(office: Office, app_role: None) -> None:
    with acting_as(office.resident.id):
        with opening.opened(office.seal.id):
            assert Seal.objects.count() == 1
        with pytest.raises(Problem), opening.opened(office.seal.id):
            raise custody.not_there()
        assert Seal.objects.count() == 0


class Device:
    """A key as a device's driver gives it."""

    algorithm = sm2.ALGORITHM

    def __init__(self, name: str) -> None:
        self.kid = f"testdevice:{name}"
        self._key = PrivateKey.generate()
        self.public_key = self._key.info

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


def test_a_devices_key_signs_behind_the_same_port(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device("slot-1")
    monkeypatch.setattr(sm2, "_openers", {})
    sm2.register("testdevice", lambda _name: device)
    seal = custody.make(
        new_seal(number="990101-0009", key_reference="testdevice:slot-1", demonstration=False), office.keeper
    )
    assert seal.key_reference == "testdevice:slot-1"
    assert not (Path(settings.ONECITY_HOME) / "secrets" / "seals" / f"seal-{seal.id}.pem").exists()
    custody.allow(seal.id, Leave(office.officer.id, "case", "service.shop"), office.keeper)
    assert service.verify(service.stamp_ofd(sample.plain(), seal.id, office.officer, SHOP)).verdict == "valid"
    with pytest.raises(ValueError, match="new word"):
        sm2.register("testdevice", lambda _name: device)
