"""The desk's page of refused readings: why, from whom, the first lines as they came, and sending them again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import finding, listing, quarantine, turned_away, words
from onecity.kernel.telemetry.finding import Refused
from onecity.kernel.telemetry.forms import FilterForm
from onecity.kernel.telemetry.models import Device, Quarantine, TurnedAway
from onecity.kernel.telemetry.models.quarantine import Reason
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE, TELEMETRY_VIEW
from onecity.kernel.telemetry.quarantine import Replayed

PAGE = 50
CALLERS = 20
MOST_DEVICES = 200


@dataclass(frozen=True)
class Row:
    """A row of the list in words."""

    refused: Quarantine
    reason: str
    detail: str
    way: str
    device: str


@dataclass(frozen=True)
class Caller:
    """Somebody who was turned away, in words; `device` is the name of the device that was named, if there is one."""

    one: TurnedAway
    way: str
    device: str | None


@permission_required(TELEMETRY_VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """A page of the list that the address describes."""
    account = account_of(request)
    form = FilterForm(request.GET, _devices(account))
    wanted = form.wanted()
    rows = finding.quarantine(account, wanted)
    page = listing.page(rows.defer("raw"), request.GET.get("after", ""), PAGE)
    context = {
        "form": form,
        "wanted": wanted,
        "page": page,
        "rows": _rows(page.rows),
        "reasons": [(held, reason_title(held.reason)) for held in quarantine.counts(rows)],
        "states": [(value, title, value == wanted.state) for value, title in Quarantine.State.choices],
        "may_replay": wanted.state == Quarantine.State.HELD and policy.may_somewhere(account, TELEMETRY_MANAGE),
        "beyond_first": bool(request.GET.get("after")),
        "turned_away": _turned_away(account),
    }
    return render(request, "telemetry/quarantine.html", context)


@permission_required(TELEMETRY_VIEW)
@require_safe
def show(request: HttpRequest, row_id: UUID) -> HttpResponse:
    """One row with the first lines as they came, what mends it, and the way to send it again."""
    account = account_of(request)
    row = finding.quarantine(account, Refused(state="")).filter(id=row_id).first()
    if row is None:
        raise Http404
    context = {
        "row": _rows([row])[0],
        "lines": quarantine.first_lines(row),
        "advice": words.ADVICE.get(row.reason, ""),
        "held": row.state == Quarantine.State.HELD,
        "may_replay": policy.may(account, TELEMETRY_MANAGE, row.division_path),
    }
    return render(request, "telemetry/refused.html", context)


@permission_required(TELEMETRY_MANAGE)
@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Send the chosen rows again (`id`), or all of the page (`shown`), and say what became of them."""
    given = request.POST.getlist("shown" if "all" in request.POST else "id")[: quarantine.MOST]
    ids = [one for one in map(parse_id, given) if one is not None]
    if not ids:
        messages.warning(request, _("Choose first what is to be replayed."))
    else:
        _tell(request, quarantine.replay(ids, account_of(request)))
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None) or not back.startswith("/desk/quarantine"):
        back = reverse("telemetry:quarantine")
    return HttpResponseRedirect(back)


def reason_title(reason: str) -> str:
    """A reason in words."""
    return str(Reason(reason).label) if reason in Reason.values else reason


def _tell(request: HttpRequest, found: Sequence[Replayed]) -> None:
    accepted = sum(one.accepted for one in found)
    if accepted:
        text = ngettext("%(n)d reading was sent again.", "%(n)d readings were sent again.", accepted) % {"n": accepted}
        messages.success(request, text)
    still: dict[str, int] = {}
    for one in found:
        for reason, count in one.refused.items():
            still[reason] = still.get(reason, 0) + count
    if still:
        listed = "; ".join(f"{reason_title(reason)} ({count})" for reason, count in sorted(still.items()))
        messages.warning(request, _("Still refused: %(list)s.") % {"list": listed})
    if any(one.outcome == "not_sent" for one in found):
        messages.error(
            request, _("The log stopped taking readings in between. The rest is still here: replay it later.")
        )
    if found and all(one.outcome == "already_replayed" for one in found):
        messages.info(request, _("This was replayed already; nothing was sent twice."))


def _rows(found: Iterable[Quarantine]) -> list[Row]:
    listed = list(found)
    names = _names({row.device_id for row in listed if row.device_id is not None})
    return [
        Row(
            row,
            reason_title(row.reason),
            words.detail(row.detail),
            words.way(row.source),
            names.get(row.device_id, _("Unknown sender")),
        )
        for row in listed
    ]


def _turned_away(account: Account) -> list[Caller]:
    """The latest callers that were turned away at the door, in words."""
    found = list(turned_away.seen(account).order_by("-last_at", "-id")[:CALLERS])
    ids = [parse_id(one.claimed) for one in found]
    names = _names(i for i in ids if i is not None)
    return [
        Caller(one, words.way(one.source), names.get(number) if number else None)
        for one, number in zip(found, ids, strict=True)
    ]


def _names(ids: Iterable[UUID]) -> dict[UUID | None, str]:
    return dict(Device.objects.filter(id__in=list(ids)).values_list("id", "name"))


def _devices(account: Account) -> list[tuple[str, str]]:
    """The senders of what is in quarantine, by name."""
    rows = finding.quarantine(account, Refused(state="")).exclude(device_id=None)
    ids = rows.order_by("device_id").values_list("device_id", flat=True).distinct()[:MOST_DEVICES]
    return sorted(
        ((str(one), name) for one, name in _names(i for i in ids if i is not None).items()), key=lambda d: d[1]
    )
