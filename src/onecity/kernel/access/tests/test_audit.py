"""The audit trail in the database: who can write it, that nobody can change it, and that tampering is named."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from onecity.kernel.access import audit, session
from onecity.kernel.access.logic.chain import Finding, Head
from onecity.kernel.access.models import AuditEvent, AuditHead
from onecity.kernel.core.ids import new_id
from onecity.kernel.people import service
from onecity.kernel.people.models import Role

ACTOR = UUID(int=0xA)


def record(count: int, actor: UUID | None = ACTOR) -> list[AuditEvent]:
    return [
        audit.record("case.closed", actor_id=actor, object_type="case", object_id=n, detail={"n": n})
        for n in range(count)
    ]


def tamper(statement: str, *parameters: Any) -> None:
    """As somebody does who owns the server: with every trigger switched off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE access_auditevent DISABLE TRIGGER USER; ALTER TABLE access_audithead DISABLE TRIGGER USER"
        )
        cursor.execute(statement, parameters)
        cursor.execute(
            "ALTER TABLE access_auditevent ENABLE TRIGGER USER; ALTER TABLE access_audithead ENABLE TRIGGER USER"
        )


@pytest.mark.django_db
def test_events_of_one_actor_form_one_sound_chain() -> None:
    events = record(5)
    assert {e.chain for e in events} == {events[0].chain}
    assert [e.seq for e in events] == [1, 2, 3, 4, 5]
    assert [e.prev_hash for e in events] == ["", *(e.hash for e in events[:-1])]
    report = audit.verify()
    assert (report.intact, report.checked, report.faults) == (True, 5, ())
    assert report.heads == {events[0].chain: Head(5, events[-1].hash)}


@pytest.mark.django_db
def test_a_changed_row_is_named() -> None:
    events = record(4)
    tamper("UPDATE access_auditevent SET action = 'nothing.happened' WHERE id = %s", events[1].id)
    assert audit.verify().faults == (
        Finding("changed", events[1].chain, 2, events[1].id, "its content no longer has the hash stored with it"),
    )


@pytest.mark.django_db
def test_a_removed_row_is_named() -> None:
    events = record(4)
    tamper("DELETE FROM access_auditevent WHERE id = %s", events[2].id)
    assert audit.verify().faults == (
        Finding("removed", events[0].chain, 3, None, "events 3 to 3 are missing in between"),
    )


@pytest.mark.django_db
def test_a_cut_off_tail_and_an_emptied_chain_are_named() -> None:
    events = record(4)
    tamper("DELETE FROM access_auditevent WHERE seq > 2")
    assert audit.verify().faults == (
        Finding("removed", events[0].chain, 3, None, "events 3 to 4 are missing at the end"),
    )
    tamper("DELETE FROM access_auditevent")
    assert audit.verify().faults == (
        Finding("removed", events[0].chain, 1, None, "events 1 to 4 are missing at the end"),
    )


@pytest.mark.django_db
def test_an_inserted_row_is_named() -> None:
    events = record(3)
    forged = new_id()
    tamper(
        "INSERT INTO access_auditevent SELECT %s, chain, 4, at, actor_id, action, object_type, object_id, division_path,"
        " purpose, detail, algorithm, hash, hash FROM access_auditevent WHERE seq = 3",
        forged,
    )
    found = audit.verify().faults
    assert {(f.what, f.seq, f.id) for f in found} == {("changed", 4, forged), ("inserted", 4, forged)}
    assert {f.chain for f in found} == {events[0].chain}


@pytest.mark.django_db
def test_a_chain_rewritten_to_its_head_is_found_by_an_anchor_kept_elsewhere() -> None:
    events = record(3)
    anchors = dict(audit.verify().heads)
    tamper(
        "DELETE FROM access_auditevent WHERE seq = 3; UPDATE access_audithead SET seq = 2, hash = %s", events[1].hash
    )
    assert audit.verify().intact
    assert audit.verify(anchors).faults == (
        Finding("rewritten", events[0].chain, 3, None, "the anchored event is gone"),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_auditevent SET purpose = 'x'",
        "DELETE FROM access_auditevent",
        "UPDATE access_audithead SET seq = 9",
        "INSERT INTO access_audithead VALUES (99, 1, '')",
        "DELETE FROM access_audithead",
    ],
)
def test_not_even_the_owner_changes_the_trail(statement: str) -> None:
    record(2)
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert audit.verify().intact
    assert AuditEvent.objects.count() == 2


@pytest.mark.django_db
def test_an_event_that_does_not_follow_its_head_is_refused() -> None:
    event = record(2)[1]
    with pytest.raises(DatabaseError, match="does not follow the head"), transaction.atomic():
        AuditEvent(
            chain=event.chain, seq=9, at=event.at, action="x", algorithm="sha256", prev_hash=event.hash, hash="0"
        ).save(force_insert=True)
    assert AuditHead.objects.get(chain=event.chain).seq == 2


@pytest.mark.django_db
def test_what_fails_leaves_no_event() -> None:
    def half() -> None:
        with transaction.atomic():
            record(1)
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        half()
    assert AuditEvent.objects.count() == 0
    assert audit.verify().intact


@pytest.mark.django_db
def test_the_web_role_writes_only_in_its_own_name_and_reads_its_own(app_role: None) -> None:
    me, other = new_id(), new_id()
    with session.acting_as(me):
        record(2, me)
        record(1, None)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            record(1, other)
        assert AuditEvent.objects.count() == 2
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            AuditEvent.objects.update(purpose="x")
    with session.acting_as(other):
        assert AuditEvent.objects.count() == 0


@pytest.mark.django_db
def test_an_auditor_reads_his_divisions_and_a_superuser_nothing_of_others() -> None:
    role = Role.objects.create(name="aud", title="A", permissions=["audit.view"], duty="audit")
    auditor = service.create_account("aud", display_name="A")
    service.assign_role(auditor, role, "adm/1/")
    root = service.create_account("root", display_name="R", is_superuser=True)
    for path in ("adm/1/2/", "adm/3/", ""):
        audit.record("x.y", actor_id=ACTOR, division_path=path)
    seen = {}
    for account in (auditor, root):
        with session.acting_as(account.id), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE onecity_app")
            seen[account.username] = list(AuditEvent.objects.values_list("division_path", flat=True))
            cursor.execute("RESET ROLE")
    assert seen == {"aud": ["adm/1/2/"], "root": []}


@pytest.mark.django_db
def test_an_algorithm_this_machine_lacks_is_refused() -> None:
    with override_settings(ONECITY_AUDIT_HASH="md5"), pytest.raises(ValueError, match="has no 'md5'"):
        record(1)
    assert AuditEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_of_one_and_of_many_chains_keep_every_chain_sound() -> None:
    actors = [UUID(int=n) for n in range(1, 4)]

    def write(actor: UUID) -> None:
        try:
            record(20, actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, actors * 2))
    report = audit.verify()
    assert (report.intact, report.checked) == (True, 120)
