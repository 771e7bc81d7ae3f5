"""Words with whoever reported it, and with those above: the first contact, and supervision that has to be answered."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import calendars, changing, permissions
from onecity.kernel.cases.changing import Work
from onecity.kernel.cases.deeds.deed import Data, Deed, handles, note_of
from onecity.kernel.cases.logic import deadline
from onecity.kernel.core.clock import now


def _contact(work: Work) -> Data:
    reached = work.act.data.get("reached")
    if reached not in {True, False, "yes", "no"}:
        raise changing.invalid("reached", _("Say whether the resident was reached."))
    yes = reached in {True, "yes"}
    if yes and work.case.contacted_at is None:
        work.case.contacted_at = now()
    return {"reached": yes, "channel": str(work.act.data.get("channel", "phone"))[:20]}


def _supervise(work: Work) -> Data:
    note_of(work)
    limit = work.definition.supervision
    if limit is None:
        raise ValueError("this type knows no supervision")
    work.case.supervised_until = deadline.end(limit, now(), calendars.office())
    return {"until": work.case.supervised_until.isoformat()}


def _answer(work: Work) -> Data:
    note_of(work)
    until = work.case.supervised_until
    work.case.supervised_until = None
    return {"until": until.isoformat() if until else "", "late": until is not None and until < now()}


DEEDS = (
    Deed(
        "contact",
        _("Note the first word"),
        handles,
        lambda case, kind: kind.contact is not None and case.is_open and case.contacted_at is None,
        _contact,
        asks=("reached",),
    ),
    Deed(
        "supervise",
        _("Put under supervision"),
        lambda _kind: permissions.SUPERVISE,
        lambda case, kind: kind.supervision is not None and case.is_open and case.supervised_until is None,
        _supervise,
    ),
    Deed(
        "answer_supervision",
        _("Answer the supervision"),
        handles,
        lambda case, _kind: case.is_open and case.supervised_until is not None,
        _answer,
    ),
)
