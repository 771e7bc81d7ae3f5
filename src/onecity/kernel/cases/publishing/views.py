"""The public list and map of cases at the residents' door, and at the desk what a person releases of a case."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import attachments, permissions
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.masking import masked_text
from onecity.kernel.cases.models import Attachment, Case
from onecity.kernel.cases.publishing import asking, reading, releasing
from onecity.kernel.cases.publishing.asking import NearbyForm
from onecity.kernel.cases.publishing.reading import Published, Wanted
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of, public
from onecity.kernel.people.models import Account

PAGE: Final = 30
MOST_POINTS: Final = 1000
DEEPEST: Final = 100


@public
@require_safe
def nearby(request: HttpRequest) -> HttpResponse:
    """What is reported and done around here: newest first, or nearest first where a point is given."""
    form = NearbyForm(request.GET)
    sent = request.GET.get("page", "")
    page = min(int(sent), DEEPEST) if sent.isascii() and sent.isdigit() and len(sent) < 6 and int(sent) else 1
    asked = asking.read(form, most=PAGE + 1, skip=(page - 1) * PAGE)
    found = reading.find(asked.wanted)
    rows = [(row, asked.metres(row.lon, row.lat)) for row in found[:PAGE]]
    if asked.point is not None:
        rows.sort(key=lambda one: one[1] if one[1] is not None else float("inf"))
    query = {name: value for name, value in request.GET.items() if value and name in form.fields}
    context = {
        "form": form,
        "rows": rows,
        "near": asked.point is not None,
        "map_query": urlencode(query),
        "page": page,
        "before": urlencode(query | {"page": page - 1}) if page > 1 else "",
        "after": urlencode(query | {"page": page + 1}) if len(found) > PAGE else "",
        "anywhere": urlencode({k: v for k, v in query.items() if k not in {"lon", "lat", "radius"}}),
        "narrowed": bool(query),
    }
    return render(request, "cases/nearby/list.html", context)


@public
@require_safe
def points(request: HttpRequest) -> HttpResponse:
    """The same cases as points of a map (GeoJSON, RFC 7946); `truncated`: there are more."""
    asked = asking.read(NearbyForm(request.GET), most=MOST_POINTS + 1)
    rows = reading.find(asked.wanted)
    features = [_feature(row) for row in rows[:MOST_POINTS] if row.lon is not None]
    return JsonResponse(
        {"type": "FeatureCollection", "truncated": len(rows) > MOST_POINTS, "features": features},
        content_type="application/geo+json",
    )


def _feature(row: Published) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
        "properties": {
            "id": row.number,
            "title": row.title,
            "href": reverse("cases:nearby_case", args=[row.number]),
            "state": "ok",
            "detail": f"{row.number} · {row.state_title}",
        },
    }


@public
@require_safe
def one(request: HttpRequest, number: str) -> HttpResponse:
    """What everybody may read of one case; raises Problem 404 for what is not public, whatever it is."""
    row = next(iter(reading.find(Wanted(numbers=(number,), most=1))), None)
    if row is None:
        raise _not_public()
    told = reading.steps([row.case_id]).get(row.case_id, [])
    way = [(at, in_language(row.kind.state(state).title)) for at, state in told]
    return render(request, "cases/nearby/case.html", {"row": row, "way": way})


@public
@require_safe
def photo(request: HttpRequest, number: str, attachment_id: UUID) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """A photo that a person released."""
    found = reading.photo(number, attachment_id)
    if found is None:
        raise _not_public()
    digest, media_type = found
    response = HttpResponse(attachments.read(Attachment(sha256=digest)), content_type=media_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    # short: what is withdrawn must be gone soon
    response["Cache-Control"] = "public, max-age=60"
    return response


def _not_public() -> Problem:
    return Problem(
        "case-not-public",
        _("There is no public case with this number."),
        status=404,
        detail=_("Whoever reported it finds it with number and code."),
    )


@permission_required(permissions.PUBLISH)
@require_POST
def publish(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Release words or a photo of a case, or take them back."""
    account, action = account_of(request), request.POST.get("action", "")
    if action == "words":
        releasing.release_words(case_id, account, request.POST.get("text", ""))
    elif action == "photo":
        releasing.release_photo(case_id, parse_id(request.POST.get("photo", "")) or UUID(int=0), account)
    else:
        releasing.withdraw(case_id, parse_id(request.POST.get("release", "")) or UUID(int=0), account)
    messages.success(request, _("Done."))
    return HttpResponseRedirect(reverse("cases:show", args=[case_id]) + "#public")


def desk(case: Case, kind: Definition, account: Account) -> Mapping[str, Any]:
    """What the page of a case needs to show and change what is public of it; nothing where nothing is."""
    if not kind.published:
        return {}
    words, photos = releasing.of_case(case)
    return {
        "publication": kind.publication,
        "rounded_m": kind.rounded_m,
        "released": words,
        "public_photos": [
            (file, photos.get(file.id))
            for file in attachments.of_case(case)
            if file.width is not None and not file.awaited
        ],
        "may_publish": kind.publication == "words" and policy.may(account, permissions.PUBLISH, case.division_path),
        "proposed": words.text if words else masked_text(case.description),
    }
