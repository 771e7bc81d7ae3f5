"""Steps of the life cycle: what one still needs before it may be taken, and what it changes."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import answers, changing, custody
from onecity.kernel.cases.changing import Work
from onecity.kernel.cases.logic.definition import Guard, Transition
from onecity.kernel.cases.logic.evidence import Place, missing
from onecity.kernel.cases.logic.provisions import reason_named
from onecity.kernel.cases.models import Attachment, Case, CaseEvent, Participant
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem

GUARDS: Final[Mapping[Guard, tuple[Callable[[Case], bool], object]]] = {
    "parts_ended": (
        lambda case: not Case.objects.filter(parent_id=case.id, closed_at__isnull=True).exists(),
        _("Parts of this case are still being worked on."),
    ),
    "joint_done": (
        lambda case: not Participant.objects.filter(case_id=case.id, kind="joint", state="asked").exists(),
        _("Not every body that was asked to help has done its share."),
    ),
    "contacted": (lambda case: case.contacted_at is not None, _("Nobody has spoken to the resident yet.")),
}


def check(work: Work, transition: Transition) -> None:
    """Raise Problem 422 that names everything which this step still needs."""
    case, act = work.case, work.act
    errors: list[FieldError] = []
    if "note" in transition.requires and not act.note:
        errors.append(FieldError("note", _("Say why; the next person reads it."), "required"))
    if "assignee" in transition.requires and case.assignee_id is None:
        errors.append(FieldError("assignee", _("Say first who handles it."), "required"))
    errors += _reasons(work, transition) + _evidence(case, transition) + _too_often(case, transition)
    errors += [FieldError("action", GUARDS[name][1]) for name in transition.guards if not GUARDS[name][0](case)]
    if transition.form is not None:
        errors += answers.mistakes(transition.form, act.data.get("answers") or {})
    if errors:
        raise changing.incomplete(errors)


def _reasons(work: Work, transition: Transition) -> list[FieldError]:
    found: list[FieldError] = []
    if transition.reasons and reason_named(transition.reasons, str(work.act.data.get("reason", ""))) is None:
        found.append(FieldError("reason", _("Choose the ground."), "required"))
    if transition.results and reason_named(work.definition.results, str(work.act.data.get("result", ""))) is None:
        found.append(FieldError("result", _("Choose how it was settled."), "required"))
    return found


def _evidence(case: Case, transition: Transition) -> list[FieldError]:
    rule = transition.evidence
    if rule is None and "evidence" not in transition.requires:
        return []
    since = list(Attachment.objects.filter(case_id=case.id, added_at__gte=case.stage_since))
    if rule is None:
        return [] if since else [FieldError("evidence", _("Add a photo or file that shows it."), "required")]
    if custody.speaker() is not None:
        # the photos lie where they were added: whoever acted there showed them there
        return []
    places = [Place(a.lon, a.lat, a.taken_at or a.added_at, a.width is not None) for a in since]
    return [FieldError("evidence", _sentence(kind, rule.minimum, rule.within_m)) for kind in
            missing(rule, places, case.lon, case.lat, now())]  # fmt: skip


def _sentence(kind: str, minimum: int, within_m: float | None) -> object:
    if kind == "few":
        return _("Add at least %(count)s photos of this step.") % {"count": minimum}
    if kind == "position":
        return _("The photos must say where they were taken: switch on the position and take them again.")
    if kind == "far":
        return _("The photos were taken more than %(metres)s m from the place.") % {"metres": f"{within_m:.0f}"}
    return _("The photos are too old for this step; take new ones.")


def _too_often(case: Case, transition: Transition) -> list[FieldError]:
    if not transition.most:
        return []
    taken = CaseEvent.objects.filter(case_id=case.id, action=transition.name, at__gte=case.started_at).count()
    if taken < transition.most:
        return []
    return [FieldError("action", _("This step was taken %(count)s times already and not more.") % {"count": taken})]


def apply(work: Work, transition: Transition) -> CaseEvent:
    """Move the case along the transition and set its clock; returns the entry to write."""
    case, definition = work.case, work.definition
    made = changing.event(work, to_state=transition.target)
    target = definition.state(transition.target)
    previous_stage, case.state, case.stage = case.stage, target.name, target.stage
    if transition.releases:
        case.assignee_id = None
    if transition.results:
        case.result = str(work.act.data["result"])
    given = work.act.data.get("answers")
    if given:
        case.answers = {**case.answers, **given}
    _move_clock(work, transition, made, previous_stage)
    return made


def _move_clock(work: Work, transition: Transition, made: CaseEvent, previous_stage: str) -> None:
    case, final = work.case, work.definition.state(transition.target).final
    if case.stage != previous_stage:
        case.stage_since = made.at
    if transition.clock == "restart":
        _begin_round(case, made.at)
    case.closed_at = made.at if final else None
    if final or transition.clock == "stop":
        case.sweep_at, case.paused_since, case.asked = None, None, ""
    elif transition.clock == "restart" or (transition.clock == "stage" and case.stage != previous_stage):
        changing.set_clock(case, work.definition, made)


def _begin_round(case: Case, at: dt.datetime) -> None:
    case.round += 1
    case.started_at = case.stage_since = at
    case.result, case.contacted_at, case.supervised_until = "", None, None


def unknown(case: Case) -> Problem:
    """409 for a step that does not start from where the case is."""
    return changing.too_late(case, _("This step is not possible now."))
