"""The desk's lists of what stands beside the own entities: sources that are registered, and snapshots that are kept."""

from typing import Any
from urllib.parse import urlsplit

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.clock import now
from onecity.kernel.twin.models import Snapshot, SourceRegistration
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.permissions import ENTITIES_EDIT, ENTITIES_VIEW

PER_PAGE = 50
MOST_NAMES = 12  # of one registration; the rest is a number
MODES = {
    "inclusive": _("beside what is held here"),
    "exclusive": _("alone, for named entities"),
    "redirect": _("instead of what is held here"),
    "auxiliary": _("only where nobody else has it"),
}
STATUS = {
    "preparing": _("being made"),
    "success": _("whole"),
    "partial": _("in part"),
    "empty": _("nothing found"),
    "failure": _("failed"),
}


@require_GET
@permission_required(ENTITIES_VIEW)
def sources(request: HttpRequest) -> HttpResponse:
    """Registrations that the asker may see (row-level security decides), newest first."""
    moment = now()
    rows = SourceRegistration.objects.order_by("-created_at", "id")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    listed = [
        {
            "one": one,
            "name": one.document.get("registrationName") or one.document.get("description") or one.urn,
            "mode": MODES.get(str(one.document.get("mode", "inclusive")), one.document.get("mode")),
            "address": _bare(str(one.document.get("endpoint", ""))),
            "over": one.expires_at is not None and one.expires_at <= moment,
            **_offered(one.document),
        }
        for one in page
    ]
    return render(request, "twin/sources.html", {"page": page, "listed": listed})


@require_GET
@permission_required(ENTITIES_EDIT)
def snapshots(request: HttpRequest) -> HttpResponse:
    """Snapshots that the asker may see (row-level security decides), newest first."""
    rows = Snapshot.objects.filter(expires_at__gt=now()).order_by("-created_at", "id")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    listed = [
        {
            "one": one,
            "name": one.document.get("description") or one.urn,
            "status": STATUS.get(one.status, one.status),
            "queries": sum(
                len(one.document.get(name) or ()) for name in ("snapshotQueries", "snapshotTemporalQueries")
            ),
        }
        for one in page
    ]
    return render(request, "twin/snapshots.html", {"page": page, "listed": listed})


def _bare(address: str) -> str:
    """An address without user, password and parameters: those are the source's."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _offered(document: dict[str, Any]) -> dict[str, Any]:
    """Of which kinds, or of which entities, it has something, and which attributes; by short names, so many of each."""
    kinds: list[str] = []
    attributes: list[str] = []
    for one in document.get("information", ()):
        for entity in one.get("entities", ()):
            named = entity.get("id") or entity.get("idPattern")
            kinds += [named] if named else [CORE.compact(name) for name in entity.get("type", ())]
        attributes += [
            CORE.compact(name) for part in ("propertyNames", "relationshipNames") for name in one.get(part, ())
        ]
    found = {"kinds": list(dict.fromkeys(kinds)), "attributes": list(dict.fromkeys(attributes))}
    return {name: some[:MOST_NAMES] for name, some in found.items()} | {
        f"more_{name}": max(0, len(some) - MOST_NAMES) for name, some in found.items()
    }
