"""Reading the audit trail: who may see which events, and how they are searched."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import permissions, policy
from onecity.kernel.access.models import AuditEvent
from onecity.kernel.core.moments import day_after
from onecity.kernel.people.models import Account

# what an action is called on a page; an action of another package is shown by its own name until it is listed here
TITLES: Mapping[str, object] = {
    "account.signed_in": _("Signed in"),
    "account.signed_out": _("Signed out"),
    "account.sign_in_failed": _("Failed to sign in"),
    "account.locked": _("Locked out after too many attempts"),
    "account.signed_up": _("Signed up"),
    "account.created": _("Created an account"),
    "account.closed": _("Closed an account"),
    "account.reopened": _("Reopened an account"),
    "account.password_changed": _("Changed the password"),
    "account.password_set": _("Set a password"),
    "account.password_reset": _("Reset the password"),
    "account.email_changed": _("Changed the e-mail address"),
    "account.authenticator_added": _("Added a second factor"),
    "account.authenticator_removed": _("Removed a second factor"),
    "account.authenticator_reset": _("Renewed the recovery codes"),
    "role.assigned": _("Assigned a role"),
    "role.ended": _("Ended a role"),
}


@dataclass(frozen=True)
class Line:
    """One event as a page shows it."""

    event: AuditEvent
    title: object
    actor: str
    about: str
    detail: Mapping[str, Any]


def visible_events(actor: Account) -> QuerySet[AuditEvent]:
    """The events in the divisions where the account may read the trail, newest first."""
    return policy.visible(AuditEvent.objects.order_by("-at", "-id"), actor, permissions.AUDIT_VIEW)


def search(events: QuerySet[AuditEvent], wanted: Mapping[str, Any]) -> QuerySet[AuditEvent]:
    """Narrow the events by the fields of the search form; days are the district's."""
    if wanted.get("action"):
        text = str(wanted["action"])
        named = [action for action, title in TITLES.items() if text.lower() in str(title).lower()]
        events = events.filter(Q(action__icontains=text) | Q(action__in=named))
    if wanted.get("actor"):
        events = events.filter(actor_id__in=Account.objects.filter(username__iexact=wanted["actor"]).values("id"))
    if wanted.get("object_id"):
        events = events.filter(object_id=wanted["object_id"])
    if wanted.get("since"):
        events = events.filter(at__gte=_midnight(wanted["since"]))
    if wanted.get("until"):
        events = events.filter(at__lt=_midnight(day_after(wanted["until"])))
    return events


def lines(events: list[AuditEvent]) -> list[Line]:
    """The events with the names behind their ids, read in one query."""
    ids = {str(event.actor_id) for event in events if event.actor_id}
    ids |= {event.object_id for event in events if event.object_type == "account" and event.object_id}
    names = {str(account.id): account.display_name for account in Account.objects.filter(id__in=ids)}
    return [
        Line(
            event,
            TITLES.get(event.action, event.action),
            names.get(str(event.actor_id), ""),
            names.get(event.object_id, "") if event.object_id != str(event.actor_id) else "",
            json.loads(event.detail),
        )
        for event in events
    ]


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
