"""A town's people never see another town's case: by list, id, search, count, history, evidence or feed, and the same
with the application's filters removed, where row-level security stands alone."""

import uuid
from collections.abc import Iterator

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import attachments, listing, service
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.models import Attachment, Case, CaseEvent
from onecity.kernel.cases.tests.conftest import DISTRICT, VILLAGE_A, VILLAGE_B, Town, litter
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import feed
from onecity.kernel.notify.models import Delivery, FeedEvent, Message

PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def cases(town: Town) -> dict[str, Case]:
    found = {
        "a": service.open_case(litter(title="甲镇垃圾", division_path=VILLAGE_A, lon=121.41, lat=30.91)),
        "b": service.open_case(litter(title="乙镇垃圾", division_path=VILLAGE_B, lon=121.42, lat=30.92)),
    }
    for case in found.values():
        attachments.attach(case.id, "photo.pdf", PDF + case.id.bytes + b"%%EOF", None)
        case.refresh_from_db()
    return found


@pytest.fixture
def asking(town: Town, cases: dict[str, Case]) -> Iterator[Town]:
    """Statements run as the application's role, which row-level security binds."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    yield town
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


SEEN = [("handler_a", {"a"}), ("handler_b", {"b"}), ("dispatcher", {"a", "b"}), ("nobody", set()), (None, set())]


@pytest.mark.parametrize(("who", "expected"), SEEN)
def test_row_level_security_alone(asking: Town, cases: dict[str, Case], who: str | None, expected: set[str]) -> None:
    ids = {cases[name].id for name in expected}
    with acting_as(asking[who].id if who else None):
        assert {c.id for c in Case.objects.all()} == ids
        assert Case.objects.count() == len(ids)
        assert {e.case_id for e in CaseEvent.objects.all()} == ids
        assert {a.case_id for a in Attachment.objects.all()} == ids
        assert {c.id for c in Case.objects.filter(title__contains="垃圾")} == ids
        assert {uuid.UUID(e.ref) for e in FeedEvent.objects.filter(kind="case")} == ids
        for name, case in cases.items():
            assert Case.objects.filter(id=case.id).exists() is (name in expected)


@pytest.mark.parametrize(("who", "expected"), [s for s in SEEN if s[0]])
def test_lists_searches_and_counts(asking: Town, cases: dict[str, Case], who: str, expected: set[str]) -> None:
    ids = {cases[name].id for name in expected}
    account = asking[who]
    with acting_as(account.id):
        for wanted in (
            Wanted(), Wanted(open=None), Wanted("unassigned"), Wanted(text="垃圾"), Wanted(place=DISTRICT),
            Wanted(text="垃", place=DISTRICT), Wanted(types=("litter",)), Wanted(states=("opened",), text="垃圾"),
        ):  # fmt: skip
            found = listing.page(account, wanted)
            assert ({c.id for c in found.cases}, found.total) == (ids, len(ids)), wanted
        for name, case in cases.items():
            found = listing.page(account, Wanted(text=case.number))
            assert [c.id for c in found.cases] == ([case.id] if name in expected else [])
        assert {c.id for c in service.visible_cases(account)} == ids


def test_another_towns_case_cannot_be_acted_on(asking: Town, cases: dict[str, Case]) -> None:
    for act in (
        lambda: service.act(cases["b"].id, "accept", asking["handler_a"]),
        lambda: service.comment(cases["b"].id, asking["handler_a"], "看看"),
        lambda: service.assign(cases["b"].id, asking["handler_a"].id, asking["dispatcher_a"]),
        lambda: attachments.attach(cases["b"].id, "x.pdf", PDF, asking["handler_a"]),
    ):
        with acting_as(asking["handler_a"].id), pytest.raises(Problem) as refused:
            act()
        assert refused.value.status == 404


def test_the_wall_holds_against_raw_writes(asking: Town, cases: dict[str, Case]) -> None:
    with acting_as(asking["handler_a"].id):
        assert Case.objects.filter(id=cases["b"].id).update(title="偷改") == 0
        assert Case.objects.filter(id=cases["b"].id)._raw_delete("default") == 0
        with pytest.raises(DatabaseError), transaction.atomic():
            CaseEvent.objects.create(
                case_id=cases["b"].id, version=3, at=cases["b"].opened_at, action="x", from_state="opened",
                to_state="opened",
            )  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            service.open_case(litter(division_path=VILLAGE_B))
        with pytest.raises(DatabaseError), transaction.atomic():
            CaseEvent.objects.filter(case_id=cases["a"].id).update(note="改写历史")
        with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
            Case.objects.filter(id=cases["a"].id).delete()
    with acting_as(asking["dispatcher"].id):
        assert {c.title for c in Case.objects.all()} == {"甲镇垃圾", "乙镇垃圾"}


def test_the_assignee_sees_what_he_was_given(town: Town, cases: dict[str, Case]) -> None:
    Case.objects.get(id=cases["b"].id)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cases_caseevent (case_id, version, at, action, from_state, to_state, actor_name, note, data)"
            " VALUES (%s, 3, now(), 'assign', 'opened', 'opened', '', '', '{}')",
            [cases["b"].id],
        )
        cursor.execute(
            "UPDATE cases_case SET assignee_id = %s, version = 3 WHERE id = %s", [town["handler_a"].id, cases["b"].id]
        )
        cursor.execute("SET ROLE onecity_app")
    try:
        with acting_as(town["handler_a"].id):
            assert {c.id for c in Case.objects.all()} == {cases["a"].id, cases["b"].id}
            assert [c.id for c in listing.page(town["handler_a"], Wanted("mine")).cases] == [cases["b"].id]
            service.act(cases["b"].id, "accept", town["handler_a"])
        with acting_as(town["second_a"].id), pytest.raises(ObjectDoesNotExist):
            Case.objects.get(id=cases["b"].id)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def test_a_handler_opens_acts_and_attaches_as_the_application(asking: Town) -> None:
    with acting_as(asking["handler_a"].id):
        case = service.open_case(litter(), actor=asking["handler_a"])
        service.act(case.id, "accept", asking["handler_a"])
        attachments.attach(case.id, "现场.pdf", PDF, asking["handler_a"])
        service.act(case.id, "start", asking["handler_a"])
        service.act(case.id, "finish", asking["handler_a"], "已清理")
    with acting_as(asking["verifier_a"].id):
        service.act(case.id, "verify", asking["verifier_a"])
        done = service.act(case.id, "close", asking["verifier_a"])
    assert (done.state, done.version) == ("closed", 7)


def test_messages_are_seen_by_their_receiver_alone(asking: Town) -> None:
    with acting_as(asking["dispatcher_a"].id):
        assert [m.template for m in Message.objects.all()] == ["case_opened"]
        assert FeedEvent.objects.filter(kind="message").count() == 1
    with acting_as(asking["handler_a"].id):
        assert Message.objects.count() == FeedEvent.objects.filter(kind="message").count() == 0
        assert Delivery.objects.count() == 0


def test_the_live_feed_keeps_towns_apart(committed_town: Town) -> None:
    start = feed.head()
    opened = {place: service.open_case(litter(division_path=place)) for place in (VILLAGE_A, VILLAGE_B)}
    seen = {}
    for who in ("handler_a", "handler_b", "dispatcher", "nobody"):
        with acting_as(committed_town[who].id), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE onecity_app")
            seen[who] = {e.ref for e in feed.since(start, kinds=["case"]).events}
    a, b = str(opened[VILLAGE_A].id), str(opened[VILLAGE_B].id)
    assert seen == {"handler_a": {a}, "handler_b": {b}, "dispatcher": {a, b}, "nobody": set()}
