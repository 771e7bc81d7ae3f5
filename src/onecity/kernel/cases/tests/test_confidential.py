"""Confidential cases: without the right of its own nothing tells that there is one, neither lists, counts, maps, searches,
numbers, messages, the feed, figures, suggestions nor the words of an error; the same with the filters taken away."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import (
    acting,
    attachments,
    directory,
    duplicates,
    listing,
    mapping,
    reporting,
    service,
    topics,
    training,
    type_store,
)
from onecity.kernel.cases.dispatching import urgent
from onecity.kernel.cases.heat import service as heat
from onecity.kernel.cases.intake.open311 import published, services
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.mining import reading
from onecity.kernel.cases.models import Attachment, Case, CaseEvent
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.scoring import drilling, tallying
from onecity.kernel.cases.scoring.formulas import formulas
from onecity.kernel.cases.shifts import suggesting
from onecity.kernel.cases.tests.conftest import LONG_AGO, MONDAY, TOWN_A, VILLAGE_A, Town, litter
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import FeedEvent, Message
from onecity.kernel.people.models import Account, Role, RoleAssignment

SECRET = "反映某干部收受礼品"


def confidential(town: Town) -> Definition:
    definition = type_store.in_force(["litter"], MONDAY)["litter"].definition
    return Definition(
        **{name: getattr(definition, name) for name in definition.__struct_fields__}
        | {"level": "confidential", "residents": True, "publication": "words", "severity": "orange"}
    )


@dataclass
class Secret:
    town: Town
    open: Case
    secret: Case


def grant(account: Account, path: str = TOWN_A) -> None:
    role, _made = Role.objects.get_or_create(
        name="trusted", defaults={"title": "可信", "permissions": ["cases.confidential"]}
    )
    RoleAssignment.objects.create(account=account, role=role, division_path=path, valid_from=LONG_AGO)


@pytest.fixture
def cases(town: Town) -> Secret:
    type_store.publish_definition("integrity", confidential(town), effective_from=LONG_AGO)
    grant(town["dispatcher_a"])
    made = [
        service.open_case(litter(lon=121.41, lat=30.91, severity="orange")),
        service.open_case(
            litter(
                type_name="integrity", title=SECRET, description=SECRET, lon=121.41, lat=30.91,
                source_key="secret:1", reporter=Person(name="张三", phone="13800000000", code="ABCDEFGHJK"),
            )
        ),
    ]  # fmt: skip
    attachments.attach(made[1].id, "a.pdf", b"%PDF-1.4\n%%EOF\n", None)
    for case in made:
        case.refresh_from_db()
    assert [case.confidential for case in made] == [False, True]
    return Secret(town, *made)


@pytest.fixture
def bound(cases: Secret) -> Iterator[Secret]:
    """Statements run as the application's role, which row-level security binds."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    yield cases
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


SEEN = [("handler_a", False), ("dispatcher", False), ("dispatcher_a", True), ("handler_b", False), ("nobody", False)]


@pytest.mark.parametrize(("who", "trusted"), SEEN)
def test_the_wall_alone_hides_it(bound: Secret, who: str, trusted: bool) -> None:
    with acting_as(bound.town[who].id):
        secret = bound.secret.id
        assert Case.objects.filter(id=secret).exists() is trusted
        assert Case.objects.filter(number=bound.secret.number).count() == trusted
        assert CaseEvent.objects.filter(case_id=secret).exists() is trusted
        assert Attachment.objects.filter(case_id=secret).exists() is trusted
        assert FeedEvent.objects.filter(kind="case", ref=str(secret)).exists() is trusted
        assert Case.objects.filter(description__contains="礼品").count() == trusted


@pytest.mark.parametrize("role", ["owner", "application"])
@pytest.mark.parametrize(("who", "trusted"), SEEN)
def test_lists_counts_maps_and_searches(request: pytest.FixtureRequest, role: str, who: str, trusted: bool) -> None:
    found: Secret = request.getfixturevalue("bound" if role == "application" else "cases")
    account = found.town[who]
    sees = {"handler_a": 1, "dispatcher": 1, "dispatcher_a": 1, "handler_b": 0, "nobody": 0}[who]
    with acting_as(account.id):
        for wanted in (Wanted(), Wanted(open=None), Wanted("unassigned"), Wanted(place=TOWN_A)):
            page = listing.page(account, wanted)
            assert (found.secret.id in {c.id for c in page.cases}, page.total) == (trusted, sees + trusted), wanted
        for text in (found.secret.number, "礼品", found.secret.number[:5]):
            ids = {c.id for c in listing.page(account, Wanted(text=text)).cases}
            assert (found.secret.id in ids) is trusted, text
        assert listing.page(account, Wanted(types=("integrity",))).total == trusted
        assert listing.counts(account)["unassigned"] == sees + trusted
        assert len(mapping.points(account, Wanted())["features"]) == sees + trusted
        assert service.visible_cases(account).count() == sees + trusted
        assert len(urgent.cases(account)) == sees + trusted
        assert (SECRET in str(topics.topics(account, 30))) is False
        cells = heat.heat(heat.Wanted(account, MONDAY.date(), MONDAY.date()))
        assert sum(cell.count for cell in cells.cells) == sees + trusted


def test_an_answer_about_it_is_the_one_about_nothing(bound: Secret) -> None:
    """The same status and words for a confidential case as for an id that does not exist, also where rights are missing."""
    for who in ("handler_a", "dispatcher", "handler_b"):
        account = bound.town[who]
        acts: list[Callable[[uuid.UUID, Account], object]] = [
            lambda at, a: service.act(at, "accept", a),
            lambda at, a: service.comment(at, a, "看看"),
            lambda at, a: acting.assign(at, a.id, a),
            lambda at, a: attachments.attach(at, "x.pdf", b"%PDF-1.4\n%%EOF\n", a),
        ]
        for act in acts:
            told = []
            for identity in (bound.secret.id, uuid.uuid4()):
                with acting_as(account.id), pytest.raises(Problem) as refused:
                    act(identity, account)
                told.append(refused.value.to_dict())
            assert told[0] == told[1]
    assert Case.objects.count() == 0  # nobody asks: nothing is shown
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    case = Case.objects.get(id=bound.secret.id)
    assert (case.version, case.state) == (bound.secret.version, "opened")


def test_without_the_wall_the_program_refuses_as_well(cases: Secret) -> None:
    acts: list[Callable[[], object]] = [
        lambda: service.act(cases.secret.id, "accept", cases.town["handler_a"]),
        lambda: acting.assign(cases.secret.id, cases.town["handler_a"].id, cases.town["dispatcher"]),
        lambda: service.comment(cases.secret.id, cases.town["dispatcher"], "看看"),
    ]
    for act in acts:
        with pytest.raises(Problem) as refused:
            act()
        assert (refused.value.status, refused.value.code) == (404, "case-not-found")


@pytest.mark.parametrize("who", ["handler_a", "dispatcher"])
def test_pages_and_interfaces_answer_as_if_it_were_not_there(cases: Secret, client: Client, who: str) -> None:
    client.force_login(cases.town[who])
    nothing = uuid.uuid4()
    for address in ("/desk/cases/{}", "/desk/cases/{}/reporter", "/api/cases/{}"):
        answers = [client.get(address.format(one)) for one in (cases.secret.id, nothing)]
        assert answers[0].status_code == answers[1].status_code
        assert SECRET not in answers[0].content.decode()
    file = Attachment.objects.get(case_id=cases.secret.id)
    assert client.get(f"/desk/cases/{cases.secret.id}/files/{file.id}").status_code == 404
    for address in (
        "/desk/cases?scope=all", f"/desk/cases?scope=all&q={cases.secret.number}", "/api/cases", "/api/cases/points",
        f"/search?q={cases.secret.number}", "/desk", "/desk/topics", "/desk/dispatch", "/desk/hotspots",
    ):  # fmt: skip
        page = client.get(address).content.decode()
        assert SECRET not in page, address
        assert str(cases.secret.id) not in page, address


def test_who_may_handles_it_to_its_end(cases: Secret) -> None:
    dispatcher = cases.town["dispatcher_a"]
    with pytest.raises(Problem) as refused:
        acting.assign(cases.secret.id, cases.town["handler_a"].id, dispatcher)
    assert refused.value.status == 422
    grant(cases.town["handler_a"])
    acting.assign(cases.secret.id, cases.town["handler_a"].id, dispatcher)
    done = service.act(cases.secret.id, "accept", cases.town["handler_a"])
    assert done.state == "accepted"


def test_only_the_trusted_are_told_and_suggested(cases: Secret) -> None:
    told = Message.objects.filter(context__number=cases.secret.number)
    assert {m.account_id for m in told} == {cases.town["dispatcher_a"].id}
    assert {m.account_id for m in Message.objects.filter(context__number=cases.open.number)} == {
        cases.town["dispatcher_a"].id
    }
    office = cases.town.bodies["a"].id
    assert set(directory.handlers(office, VILLAGE_A, confidential=True)) == {cases.town["dispatcher_a"].id}
    assert all(one.account_id == cases.town["dispatcher_a"].id for one in suggesting.for_case(cases.secret))


def test_figures_never_count_it(cases: Secret) -> None:
    """Not even for those who may see it: a difference between two readers would tell how many there are."""
    account = cases.town["dispatcher_a"]
    day = MONDAY.date()
    with acting_as(account.id):
        offices, tally = tallying.tally(LONG_AGO, MONDAY.replace(year=2027), formulas()[0])
        received = dict(zip([o.id for o in offices], tally.received, strict=True))
        assert received[cases.town.bodies["a"].id] == 1
        behind = drilling.behind(cases.town.bodies["a"].id, "received", day, day)
        assert ([act.row.id for act in behind.acts], behind.hidden) == ([cases.open.id], 0)
        assert reading.read(LONG_AGO, MONDAY.replace(year=2027), "", "").ended.size == 1


def test_nothing_is_published_learnt_or_paired(cases: Secret) -> None:
    assert cases.secret.number not in str(published.find(published.Wanted()))
    assert published.number_of(str(cases.secret.id)) is None
    assert published.number_of(cases.secret.number) is None
    assert "integrity" not in {one.name for one in services.offered()}
    assert duplicates.suggest(cases.open) == []
    duplicates.scan()
    assert duplicates.of_case(cases.open) == []
    for number in range(6):
        case = service.open_case(litter(type_name="integrity", title=f"{SECRET}{number}"))
        service.act(case.id, "cancel", None, "撤回")
    assert all("礼品" not in lesson.text for lesson in training.lessons())


def test_its_reporter_still_follows_it(bound: Secret) -> None:
    with acting_as(None), reporting.holding(bound.secret.number, "ABCDEFGHJK") as case:
        assert case.id == bound.secret.id


def test_the_database_keeps_the_mark_true(cases: Secret) -> None:
    """Whoever writes: the mark follows the version of the kind."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before")
        cursor.execute(
            "INSERT INTO cases_caseevent (case_id, version, at, action, from_state, to_state, actor_name, note, data)"
            " VALUES (%s, 3, now(), 'comment', 'opened', 'opened', '', '', '{}')",
            [cases.secret.id],
        )
        cursor.execute("UPDATE cases_case SET confidential = false, version = 3 WHERE id = %s", [cases.secret.id])
        cursor.execute("SELECT confidential FROM cases_case WHERE id = %s", [cases.secret.id])
        assert cursor.fetchone() == (True,)
        cursor.execute("ROLLBACK TO SAVEPOINT before")
