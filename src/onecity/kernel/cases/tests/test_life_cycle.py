"""Random actions of random people never leave a case whose state is not what its history adds up to."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.cases import service, sweep, type_store
from onecity.kernel.cases.logic import deadline, definition, life_cycle
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import MONDAY, Town, litter
from onecity.kernel.cases.types import DEFAULT_LIFE_CYCLE, CaseTypeDecl
from onecity.kernel.core.calendar import WorkingCalendar
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem

KIND = CaseTypeDecl("litter", "Litter", deadline=(2, "working_days")).definition()
ACTIONS = [t.name for t in KIND.transitions]
PEOPLE = ["handler_a", "second_a", "dispatcher_a", "verifier_a", "handler_b", "nobody"]
MOVES = st.tuples(
    st.sampled_from([*ACTIONS, "assign", "hand_over", "comment", "sweep"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(["", "理由"]),
    st.integers(0, 3),
    st.integers(1, 4000),
)


def move(case: Case, town: Town, action: str, who: str, note: str, behind: int) -> None:
    version = Case.objects.values_list("version", flat=True).get(id=case.id) - behind
    if action == "assign":
        service.assign(case.id, town[who].id, town[who], note, version)
    elif action == "hand_over":
        service.hand_over(case.id, town.bodies["district"].id, town[who], note, version)
    elif action == "comment":
        service.comment(case.id, town[who], note)
    elif action == "sweep":
        sweep.sweep()
    else:
        service.act(case.id, action, town[who], note, expected_version=version)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(MOVES, max_size=14))
def test_the_state_is_what_the_history_adds_up_to(town: Town, moves: list[tuple[str, str, str, int, int]]) -> None:
    with use_clock(FixedClock(MONDAY)) as clock:
        case = service.open_case(litter())
        for action, who, note, behind, minutes in moves:
            clock.advance(dt.timedelta(minutes=minutes))
            try:
                move(case, town, action, who, note, behind)
            except Problem as problem:
                assert problem.status in {403, 409, 422}  # noqa: PT017 - any other refusal is a fault
    case = Case.objects.get(id=case.id)
    events = list(CaseEvent.objects.filter(case=case).order_by("version"))
    assert [e.version for e in events] == list(range(1, case.version + 1))
    assert life_cycle.follows((e.from_state, e.to_state) for e in events)
    assert life_cycle.fold(KIND, (e.action for e in events)) == case.state == events[-1].to_state
    assert (case.closed_at is not None) is KIND.state(case.state).final
    assert case.stage == KIND.state(case.state).stage
    recomputed(case)


def recomputed(case: Case) -> None:
    """The stored due time is that of the rule, the calendar and the history, whenever it is computed again."""
    if case.closed_at is None:
        kind = type_store.version(case.type_name, case.type_version).definition
        due = deadline.due(
            kind.limits, case.severity, stage=case.stage, stage_since=case.stage_since, opened_at=case.started_at,
            calendar=WorkingCalendar(),
        )  # fmt: skip
        assert (case.deadline, case.final_deadline) == (due.deadline, due.final)


def test_every_step_of_the_default_life_cycle() -> None:
    table = {(s, t.name): t.target for t in KIND.transitions for s in t.sources}
    assert table == {
        ("opened", "accept"): "accepted", ("accepted", "start"): "handling", ("handling", "finish"): "handled",
        ("handled", "verify"): "verified", ("handled", "redo"): "handling", ("verified", "close"): "closed",
        ("accepted", "return"): "opened", ("handling", "return"): "opened", ("opened", "cancel"): "cancelled",
        ("accepted", "cancel"): "cancelled", ("handling", "cancel"): "cancelled", ("closed", "reopen"): "accepted",
        ("cancelled", "reopen"): "accepted",
    }  # fmt: skip
    for state in KIND.states:
        for action in ACTIONS:
            if (state.name, action) in table:
                assert life_cycle.step(KIND, state.name, action).target == table[state.name, action]
            else:
                with pytest.raises(life_cycle.NotAllowedError):
                    life_cycle.step(KIND, state.name, action)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"initial": "nowhere"}, "the initial state 'nowhere' is not declared"),
        ({"transitions": []}, "no way leads to the state 'accepted'"),
        ({"limits": [{"amount": 0, "unit": "working_days"}]}, "a limit must be longer than nothing, not 0.0"),
        ({"limits": [{"amount": 1.5, "unit": "working_days"}]}, "1.5 working_days: days are counted whole"),
        ({"limits": [{"amount": 1, "unit": "working_days", "stage": "x"}]}, "a limit names the unknown stage 'x'"),
        ({"limits": [{"amount": 1, "unit": "fortnights"}]}, "Invalid enum value 'fortnights'"),
        ({"surprise": 1}, "Object contains unknown field `surprise`"),
    ],
)
def test_a_definition_that_cannot_work_says_why(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(definition.DefinitionError) as refused:
        definition.parse(definition.to_data(KIND) | change)
    assert any(sentence in mistake for mistake in refused.value.mistakes)


def test_dead_ends_and_doubles_are_found() -> None:
    cycle = DEFAULT_LIFE_CYCLE.changed(states=[definition.State("limbo", {"zh": "悬", "en": "Limbo"})])
    data = definition.to_data(KIND)
    data["states"] = [*data["states"], data["states"][0]]
    with pytest.raises(definition.DefinitionError, match="state 'opened' is declared twice"):
        definition.parse(data)
    into = definition.Transition("sink", {"zh": "沉", "en": "Sink"}, ("opened",), "limbo", "cases.handle")
    with pytest.raises(definition.DefinitionError, match="from the state 'limbo' no way leads to an end"):
        CaseTypeDecl("x", "X", life_cycle=cycle.changed(transitions=[into])).definition()


def test_a_running_case_keeps_the_version_it_began_with(town: Town) -> None:
    old = service.open_case(litter())
    newer = DEFAULT_LIFE_CYCLE.changed(
        transitions=[definition.Transition("accept", {"zh": "受理", "en": "Accept"}, ("opened",), "handling", "cases.handle"),
                     definition.Transition("start", {"zh": "开始", "en": "Start"}, ("handling",), "accepted", "cases.handle")],
    )  # fmt: skip
    decl = CaseTypeDecl("litter", "Litter", deadline=(7, "calendar_days"), life_cycle=newer)
    published = service.publish(decl, effective_from=MONDAY)
    assert (published.version, service.publish(decl).version) == (2, 2)
    new = service.open_case(litter())
    assert (old.type_version, new.type_version) == (1, 2)
    assert service.act(old.id, "accept", town["handler_a"]).state == "accepted"
    assert service.act(new.id, "accept", town["handler_a"]).state == "handling"


def test_a_version_of_the_future_waits(town: Town) -> None:
    service.publish(
        CaseTypeDecl("litter", "Litter", deadline=(9, "working_days")), effective_from=MONDAY + dt.timedelta(1)
    )
    assert service.open_case(litter()).type_version == 1
    with use_clock(FixedClock(MONDAY + dt.timedelta(1))):
        assert service.open_case(litter()).type_version == 2
