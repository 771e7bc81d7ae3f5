"""Ordinary or emergency mode: asked for a division and everything above it, declared by whoever may command there."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.operations.models import Mode, ModeChange
from onecity.domains.operations.permissions import COMMAND
from onecity.kernel.access import audit, policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.notify import feed
from onecity.kernel.people.models import Account


def emergency(division: str) -> ModeChange | None:
    """The declaration that puts this division into emergency mode now: its own or that of a wider one, or None."""
    above = [path for path in prefixes.ancestors(division) if path]
    newest = ModeChange.objects.filter(division_path__in=above).order_by("division_path", "-at", "-id")
    held = [change for change in newest.distinct("division_path") if change.mode == Mode.EMERGENCY]
    return held[0] if held else None


@transaction.atomic
def change(account: Account, division: str, mode: str, reason: str) -> ModeChange | None:
    """Put a division into a mode; None where it already is in it. Raises Problem 403, or 422 without mode or reason."""
    policy.require(account, COMMAND, division)
    if mode not in Mode.values:
        raise Problem("mode-unknown", _("Choose ordinary or emergency mode."), status=422)
    if mode == Mode.EMERGENCY and not reason.strip():
        errors = [FieldError("reason", _("Say in a few words what has happened."), "required")]
        raise Problem("mode-reason", _("An emergency needs its reason"), status=422, errors=errors)
    last = ModeChange.objects.filter(division_path=division).order_by("-at", "-id").first()
    if mode == (last.mode if last else Mode.ORDINARY):
        return None
    made = ModeChange.objects.create(
        division_path=division, mode=mode, reason=reason.strip(), account_id=account.id, account_name=str(account)
    )
    audit.record(
        "operations.mode", actor_id=account.id, object_type="mode", object_id=made.id, division_path=division,
        purpose=made.reason, detail={"mode": mode},
    )  # fmt: skip
    feed.publish("state", division_path=division, ref="mode", payload={"mode": mode})
    return made
