"""More time, and none that runs: extensions asked for and granted by two people, suspensions with a day to look again."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import calendars, changing
from onecity.kernel.cases.changing import Work
from onecity.kernel.cases.deeds.deed import Data, Deed, ground_of, handles, note_of
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.provisions import Extension, Span, Suspension
from onecity.kernel.cases.models import CaseEvent
from onecity.kernel.core.clock import now

EXTENSION = "extension"


def _extension(definition: Definition) -> Extension:
    if definition.extension is None:
        raise ValueError("this type grants no extension")
    return definition.extension


def _suspension(definition: Definition) -> Suspension:
    if definition.suspension is None:
        raise ValueError("this type knows no suspension")
    return definition.suspension


def _ask(work: Work) -> Data:
    rule, case = _extension(work.definition), work.case
    note_of(work)
    if case.deadline is None or case.deadline <= now():
        raise changing.invalid("deadline", _("More time is asked for before it is over; this case is due already."))
    granted = CaseEvent.objects.filter(case_id=case.id, action="grant_extension", at__gte=case.started_at).count()
    if granted >= rule.times:
        raise changing.invalid(
            "times", _("More time was granted %(count)s times already and not more.") % {"count": granted}
        )
    amount = _amount(work, rule.most)
    reason = ground_of(work, rule.reasons)
    case.asked = EXTENSION
    return {"amount": amount, "unit": rule.most.unit, "reason": reason}


def _amount(work: Work, most: Span) -> float:
    try:
        amount = float(work.act.data.get("amount", ""))
    except (TypeError, ValueError):
        amount = 0.0
    whole = most.unit == "working_hours" or amount == int(amount)
    if not 0 < amount <= most.amount or not whole:
        raise changing.invalid(
            "amount", _("Say how much more time is needed, at most %(most)s.") % {"most": f"{most.amount:g}"}
        )
    return amount


def _pending(work: Work) -> CaseEvent:
    asked = CaseEvent.objects.filter(case_id=work.case.id, action="ask_extension").order_by("-version").first()
    if asked is None:
        raise changing.too_late(work.case, _("Nobody asks for more time."))
    if work.actor is not None and asked.actor_id == work.actor.id:
        raise changing.invalid("actor", _("Somebody else has to decide what you asked for."))
    return asked


def _grant(work: Work) -> Data:
    asked = _pending(work)
    work.case.asked = ""
    return {name: asked.data[name] for name in ("amount", "unit", "reason")} | {"asked_by": asked.actor_name}


def _refuse(work: Work) -> Data:
    note_of(work)
    asked = _pending(work)
    work.case.asked = ""
    return {"asked_by": asked.actor_name}


def _suspend(work: Work) -> Data:
    rule = _suspension(work.definition)
    note_of(work)
    review = calendars.office().add(now(), rule.review.amount, rule.review.unit)
    return {"reason": ground_of(work, rule.reasons), "review_at": review.isoformat()}


def _resume(_work: Work) -> Data:
    return {}


DEEDS = (
    Deed(
        "ask_extension",
        _("Ask for more time"),
        handles,
        lambda case, kind: kind.extension is not None and case.is_open and not case.asked and case.paused_since is None,
        _ask,
        asks=("amount", "reason"),
    ),
    Deed(
        "grant_extension",
        _("Grant more time"),
        lambda kind: _extension(kind).permission,
        lambda case, kind: kind.extension is not None and case.is_open and case.asked == EXTENSION,
        _grant,
        moves_clock=True,
    ),
    Deed(
        "refuse_extension",
        _("Refuse more time"),
        lambda kind: _extension(kind).permission,
        lambda case, kind: kind.extension is not None and case.is_open and case.asked == EXTENSION,
        _refuse,
    ),
    Deed(
        "suspend",
        _("Suspend"),
        lambda kind: _suspension(kind).permission,
        lambda case, kind: kind.suspension is not None and case.is_open and case.paused_since is None,
        _suspend,
        moves_clock=True,
        asks=("reason",),
    ),
    Deed(
        "resume",
        _("Resume"),
        lambda kind: _suspension(kind).permission,
        lambda case, kind: (
            kind.suspension is not None and case.is_open and case.paused_since is not None and not case.external
        ),
        _resume,
        moves_clock=True,
    ),
)
