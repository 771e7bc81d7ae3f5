"""The hand-over of a shift: all open cases of one person to another in one act, listed case by case, undone in one act."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import acting, changing, directory, permissions
from onecity.kernel.cases.models import Case, HandedCase, HandOver
from onecity.kernel.cases.models.case import OPEN
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account


@transaction.atomic
def hand_over(giver: Account, taker: Account, actor: Account, note: str) -> HandOver:
    """Give every open case of `giver` to `taker`; a case that cannot be given stays, with the reason.

    Everybody may hand over his own; those of others whoever dispatches where the case lies. Raises Problem 422.
    """
    note = note.strip()
    if giver.id == taker.id:
        raise changing.invalid("taker", _("Choose somebody else than the one who hands over."))
    if not note:
        raise changing.invalid("note", _("Say why; the next person reads it."))
    changing.check_note(note)
    cases = list(
        Case.objects.filter(OPEN, assignee_id=giver.id)
        .only("id", "version", "division_path")
        .order_by("due_order", "id")
    )
    if not cases:
        raise changing.invalid("giver", _("%(name)s has no open case to hand over.") % {"name": str(giver)})
    made = HandOver.objects.create(
        division_path=giver.organisation.division_path if giver.organisation else cases[0].division_path,
        giver_id=giver.id, giver_name=str(giver), taker_id=taker.id, taker_name=str(taker), by_id=actor.id,
        by_name=str(actor), at=now(), note=note,
    )  # fmt: skip
    text = say("Hand-over of the shift: %(note)s") % {"note": note}
    HandedCase.objects.bulk_create(_handed(made, case, taker.id, actor, text) for case in cases)
    return made


def _handed(made: HandOver, case: Case, taker_id: UUID, actor: Account, note: str) -> HandedCase:
    try:
        with transaction.atomic():
            changed = acting.assign(case.id, taker_id, actor, note, relief=True)
    except Problem as problem:
        return HandedCase(hand_over=made, case=case, why=_reasons(problem))
    return HandedCase(hand_over=made, case=case, version=changed.version)


@transaction.atomic
def undo(hand_over_id: UUID, actor: Account) -> HandOver:
    """Give back every case of a hand-over with which nobody has done anything since; the others say why they stay.

    Undoing twice changes nothing. Raises Problem 403, 404.
    """
    made = find(hand_over_id, actor, lock=True)
    if made.undone_at is not None:
        return made
    made.undone_at, made.undone_by = now(), str(actor)
    made.save(update_fields=["undone_at", "undone_by"])
    note = say("The hand-over of the shift was undone.")
    for handed in made.cases.filter(version__gt=0):
        try:
            with transaction.atomic():
                acting.assign(handed.case_id, made.giver_id, actor, note, handed.version, relief=True)
        except Problem as problem:
            handed.kept = _reasons(problem)
        else:
            handed.returned = True
        handed.save(update_fields=["returned", "kept"])
    return made


def find(hand_over_id: UUID, actor: Account, *, lock: bool = False) -> HandOver:
    """A hand-over that this person may see: one of those concerned, or who dispatches there; raises Problem 404."""
    rows = HandOver.objects.select_for_update() if lock else HandOver.objects.all()
    made = rows.filter(id=hand_over_id).first()
    if made is None or not concerns(made, actor):
        raise Problem("hand-over-not-found", _("There is no such hand-over among those you may see."), status=404)
    return made


def concerns(made: HandOver, actor: Account) -> bool:
    """Whether this person gave, took or ordered it, or dispatches there."""
    return actor.id in {made.giver_id, made.taker_id, made.by_id} or policy.may(
        actor, permissions.DISPATCH, made.division_path
    )


def colleagues(actor: Account) -> list[tuple[UUID, str]]:
    """To whom somebody may hand over: the handlers of his body, and for dispatchers all whom they reach."""
    people = dict(directory.handlers(actor.organisation_id, ""))
    if policy.may_somewhere(actor, permissions.DISPATCH):
        people |= dict(directory.reachable(policy.scopes(actor, permissions.DISPATCH)))
    return sorted(people.items(), key=lambda one: (one[1], str(one[0])))


def _reasons(problem: Problem) -> str:
    reasons = [str(problem.title), *(str(error.detail) for error in problem.errors)]
    return " ".join(dict.fromkeys(reasons))
