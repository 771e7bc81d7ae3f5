"""What happens to a certificate later: each step once, with its reason, by whoever may, in the history and nowhere else."""

import datetime as dt
import threading
from uuid import UUID

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records import identifiers
from onecity.kernel.records.certificates import holding, issuing, states, verifying
from onecity.kernel.records.certificates.issuing import Holder, IssueRequest
from onecity.kernel.records.certificates.states import New
from onecity.kernel.records.certificates.tests.conftest import IDENTITY, PATH, Ask
from onecity.kernel.records.models import Certificate, CertificateEvent


@pytest.mark.django_db
class TestLife:
    def test_each_step_has_reason_actor_and_audit(self, ask: Ask, officer: Account) -> None:
        made = issuing.issue(ask(), issued_by=officer.id)
        states.suspend(made.id, officer, " Reported\nlost ")
        states.resume(made.id, officer, "Found again")
        states.revoke(made.id, officer, "Given by mistake")
        told = [(e.step, e.action, e.from_state, e.to_state, e.reason, e.actor_id) for e in states.history(made)]
        assert told == [
            (1, "issue", "", "valid", "", officer.id),
            (2, "suspend", "valid", "suspended", "Reported lost", officer.id),
            (3, "resume", "suspended", "valid", "Found again", officer.id),
            (4, "revoke", "valid", "revoked", "Given by mistake", officer.id),
        ]
        actions = (
            AuditEvent.objects.filter(object_id=str(made.id)).order_by("at", "seq").values_list("action", flat=True)
        )
        assert list(actions) == [
            "certificates.issued", "certificates.suspend", "certificates.resume", "certificates.revoke",
        ]  # fmt: skip

    def test_revoked_is_for_good_and_once(self, ask: Ask) -> None:
        made = issuing.issue(ask(), issued_by=None)
        states.revoke(made.id, None, "Fraud")
        assert states.revoke(made.id, None, "Fraud").step == 2
        for again in (states.resume, states.suspend, states.renew):
            with pytest.raises(Problem) as refused:
                again(made.id, None, "Please")
            assert refused.value.status == 409
        assert CertificateEvent.objects.count() == 2

    @pytest.mark.parametrize("reason", ["", "  \n", "x" * 501])
    def test_no_step_without_a_reason(self, ask: Ask, reason: str) -> None:
        made = issuing.issue(ask(), issued_by=None)
        with pytest.raises(Problem) as refused:
            states.revoke(made.id, None, reason)
        assert refused.value.status == 422
        assert Certificate.objects.get().state == "valid"

    def test_no_step_without_the_right(self, ask: Ask, stranger: Account) -> None:
        made = issuing.issue(ask(), issued_by=None)
        with pytest.raises(Problem) as refused:
            states.revoke(made.id, stranger, "Because")
        assert refused.value.status == 403
        with pytest.raises(Problem) as refused:
            states.revoke(UUID(int=1), stranger, "Because")
        assert refused.value.status == 404
        assert Certificate.objects.get().state == "valid"

    def test_renewed_it_has_the_next_version_and_replaces_the_one_before(self, ask: Ask) -> None:
        made = issuing.issue(ask(valid_until=dt.date(2026, 12, 31)), issued_by=None)
        new = New(valid_from=dt.date(2027, 1, 1), valid_until=dt.date(2027, 12, 31))
        after = states.renew(made.id, None, "A year passed", new)
        before, number = identifiers.parse(made.number), identifiers.parse(after.number)
        assert (number.serial, number.version) == (before.serial, 2)
        assert (after.replaces_id, after.valid_until) == (made.id, dt.date(2027, 12, 31))
        assert holding.claims_of(after) == holding.claims_of(made)
        assert verifying.verify_number(made.number).state == "replaced"
        assert states.renew(made.id, None, "A year passed", new).id == after.id
        assert Certificate.objects.count() == 2

    def test_changed_it_says_something_else_for_the_same_time(self, ask: Ask) -> None:
        made = issuing.issue(ask(), issued_by=None)
        after = states.change(made.id, None, "Moved", New(claims={"address": "新路 2 号"}))
        assert holding.claims_of(after) == holding.claims_of(made) | {"address": "新路 2 号"}
        assert (after.valid_from, after.valid_until) == (made.valid_from, made.valid_until)
        with pytest.raises(Problem) as refused:
            states.change(after.id, None, "Moved", New(claims={"address": 5}))
        assert refused.value.status == 422
        assert Certificate.objects.get(id=after.id).state == "valid"

    def test_the_database_lets_nothing_else_happen(self, ask: Ask) -> None:
        made = issuing.issue(ask(), issued_by=None)
        wrong = [
            "UPDATE records_certificate SET holder_name = 'x'",
            "UPDATE records_certificate SET valid_until = '2999-01-01'",
            "UPDATE records_certificate SET state = 'revoked'",
            "UPDATE records_certificate SET step = step + 2, state = 'revoked'",
            "UPDATE records_certificate SET step = step + 1, state = 'suspended'",
            "UPDATE records_certificateevent SET reason = 'x'",
            "DELETE FROM records_certificateevent",
        ]
        for statement in wrong:
            with pytest.raises((IntegrityError, ProgrammingError)):
                straight(statement)
        assert Certificate.objects.get(id=made.id).step == 1


@pytest.mark.django_db
class TestWho:
    def test_a_holder_sees_his_own_and_staff_what_is_in_their_division(
        self, ask: Ask, officer: Account, stranger: Account, resident: Account, app_role: None
    ) -> None:
        with acting_as(resident.id):
            mine = issuing.issue(ask(account_id=resident.id), issued_by=None)
            issuing.issue(ask(holder=Holder("person", "小宝", "990101202501014511")), issued_by=None)
            assert [row.id for row in Certificate.objects.all()] == [mine.id]
            assert [row.id for row in holding.held_by(account_id=resident.id)] == [mine.id]
            assert [row.holder_name for row in holding.held_by(identity="990101202501014511")] == ["小宝"]
            assert Certificate.objects.count() == 1
        for account, seen in ((officer, 2), (stranger, 0), (None, 0)):
            with acting_as(account.id if account else None):
                assert Certificate.objects.count() == seen
                assert CertificateEvent.objects.count() == seen

    def test_found_by_number_however_it_is_written(self, ask: Ask) -> None:
        made = issuing.issue(ask(), issued_by=None)
        assert [row.id for row in holding.held_by(identity=f" {IDENTITY[:6]} {IDENTITY[6:]}")] == [made.id]
        assert holding.held_by(identity=IDENTITY, type_code="food-permit") == []
        assert holding.held_by() == []

    def test_the_number_in_clear_needs_right_and_purpose(self, ask: Ask, officer: Account, stranger: Account) -> None:
        made = issuing.issue(ask(), issued_by=None)
        for account, purpose, status in ((stranger, "Check", 403), (officer, " ", 422)):
            with pytest.raises(Problem) as refused:
                holding.reveal(made, account, purpose)
            assert refused.value.status == status
        assert holding.reveal(made, officer, "Complaint 7") == IDENTITY
        event = AuditEvent.objects.get(action="certificates.identity.read")
        assert (event.actor_id, event.purpose, event.object_id) == (officer.id, "Complaint 7", str(made.id))

    def test_the_web_writes_no_certificate_past_the_code(self, ask: Ask, resident: Account, app_role: None) -> None:
        made = issuing.issue(ask(account_id=resident.id), issued_by=None)
        with acting_as(resident.id):
            assert Certificate.objects.filter(id=made.id).update(state="suspended", step=2) == 0
            with pytest.raises(Exception, match="row-level security"), transaction.atomic():
                Certificate.objects.create(
                    number="X", type_code="x", type_version=1, version=1, serial="1", division_path=PATH, sealed=b"",
                    status_list=9, status_index=9, valid_from=dt.date(2026, 1, 1), source_key="x", account_id=resident.id,
                )  # fmt: skip


@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_two_at_the_same_time_get_one_certificate(self, ask: Ask) -> None:
        requests = [ask(f"case:{n}") for n in range(20)]
        found: list[list[UUID]] = []
        start = threading.Barrier(4)

        def work() -> None:
            try:
                start.wait()
                found.append([row.id for row in issuing.issue_many(requests, issued_by=None)])
            finally:
                connection.close()

        run([threading.Thread(target=work) for _n in range(4)])
        assert len(found) == 4
        assert all(ids == found[0] for ids in found)
        assert (Certificate.objects.count(), CertificateEvent.objects.count()) == (20, 20)

    def test_two_renewals_at_the_same_time_give_one_version(self, ask: Ask) -> None:
        made = issuing.issue(ask(), issued_by=None)
        found: list[UUID] = []
        start = threading.Barrier(3)

        def work() -> None:
            try:
                start.wait()
                found.append(states.renew(made.id, None, "Due").id)
            finally:
                connection.close()

        run([threading.Thread(target=work) for _n in range(3)])
        assert len(found) == 3
        assert len(set(found)) == 1
        assert Certificate.objects.count() == 2

    def test_a_crash_before_the_end_leaves_nothing_and_the_next_try_makes_it(self, ask: Ask) -> None:
        request: IssueRequest = ask("case:1")
        with pytest.raises(RuntimeError):
            crashing(request)
        assert (Certificate.objects.count(), CertificateEvent.objects.count()) == (0, 0)
        made = issuing.issue(request, issued_by=None)
        assert issuing.issue(request, issued_by=None).id == made.id
        with pytest.raises(IntegrityError), transaction.atomic():
            Certificate.objects.filter(id=made.id).update(state="revoked", step=2)
        assert Certificate.objects.get().state == "valid"


def run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def straight(statement: str) -> None:
    """A statement past the code, with every constraint looked at."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def crashing(request: IssueRequest) -> None:
    """Issue and die before the end of the transaction."""
    with transaction.atomic():
        issuing.issue(request, issued_by=None)
        raise RuntimeError("power")
