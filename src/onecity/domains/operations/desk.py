"""The desk's first page: what needs this person today, by time left, and the way to the rest of the work."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import staff_required
from onecity.kernel.cases import listing
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.core.clock import now
from onecity.kernel.notify.models import Message
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.rules.models import Alert, AlertState
from onecity.kernel.telemetry.models import Quarantine

SHOWN = 8
RECENT = dt.timedelta(hours=24)
# what a permission opens, as tiles under the work
WAYS = (
    (
        "rules.edit",
        "/desk/rules",
        "sliders-horizontal",
        _("Rules"),
        _("Change when an alert begins, and try it on history"),
    ),
    (
        "telemetry.view",
        "/desk/quarantine",
        "shield-question-mark",
        _("Quarantine"),
        _("Readings that were refused, with the reason"),
    ),
    ("people.view", "/desk/people", "users", _("People and roles"), _("Who may do what, and where")),
    ("audit.view", "/desk/audit", "scroll-text", _("Audit trail"), _("Who did what, when and why")),
)


@staff_required
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """My cases by time left, what nobody has taken yet, new alerts where I am in charge, and messages."""
    if not isinstance(request.user, Account):
        raise policy.refusal("cases.view")
    account = request.user
    held = policy.held(account)
    mine = listing.page(account, Wanted("mine"), limit=SHOWN, count=False)
    waiting = listing.page(account, Wanted("unassigned"), limit=SHOWN, count=False) if "cases.view" in held else None
    alerts, running = _alerts(account) if "alerts.view" in held else ([], 0)
    named = {c.division_path for c in (*mine.cases, *(waiting.cases if waiting else ()))} | {
        a.division_path for a in alerts
    }
    messages = Message.objects.filter(account_id=account.id, read_at__isnull=True).order_by("-created_at")
    counts = listing.counts(account)
    context = {
        "counts": counts,
        "told": {name: listing.told(count) for name, count in {**counts, "running": running}.items()},
        "mine": mine.cases,
        "waiting": waiting.cases if waiting else [],
        "alerts": alerts,
        "messages_unread": messages.count(),
        "places": places.titles_for(named),
        "ways": [way for way in WAYS if way[0] in held],
        "quarantined": Quarantine.objects.filter(state="held").count() if "telemetry.view" in held else 0,
        "held": held,
    }
    return render(request, "operations/today.html", context)


def _alerts(account: Account) -> tuple[list[Alert], int]:
    """The newest alerts that go on, and how many there are; counting has its limit."""
    rows = policy.visible(Alert.objects.select_related("rule", "version"), account, "alerts.view")
    recent = rows.filter(state=AlertState.OPEN, onset__gt=now() - 30 * RECENT)
    return list(recent.order_by("-onset", "-id")[:SHOWN]), recent[: listing.COUNT_TO + 1].count()
