"""The wall: its page, the parts that refresh themselves, the map's content, and what opens beside it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from onecity.domains.operations import evidence, health, indicators, mode, picture, scope, situations, timeline
from onecity.domains.operations.permissions import COMMAND, VIEW
from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.people.models import Account
from onecity.kernel.twin.models import Entity
from onecity.kernel.web import words

STATES = ("red", "orange", "yellow", "blue", "ok", "stale")


@permission_required(VIEW)
@require_safe
@never_cache
def wall(request: HttpRequest) -> HttpResponse:
    """The page with everything on it; complete without a script, except for the map."""
    looked = scope.of(request)
    return render(request, "operations/wall.html", _content(looked) | {"words": words.states()})


@permission_required(VIEW)
@require_safe
@never_cache
def parts(request: HttpRequest) -> HttpResponse:
    """The parts that change: indicators, situations, health and time line, as the page shows them."""
    return render(request, "operations/parts.html", _content(scope.of(request)))


@permission_required(VIEW)
@require_safe
@never_cache
def layers(request: HttpRequest) -> HttpResponse:
    """What the map draws: entities with their states, and cases that stand elsewhere."""
    looked = scope.of(request)
    found = situations.situations(looked)
    shown = picture.entities(looked, found.situations)
    cases = picture.open_cases(found.situations)
    return JsonResponse({"entities": shown, "cases": cases, "more": found.more, "at": looked.moment})


@permission_required(VIEW)
@require_safe
@never_cache
def entity(request: HttpRequest, entity_id: UUID) -> HttpResponse:
    """One entity beside the map: its readings, the chart of the one that matters, its alerts and cases."""
    found = Entity.objects.filter(id=entity_id).first()
    if found is None:
        raise Http404
    content = evidence.of_entity(found, scope.of(request), request.GET.get("attribute", ""))
    return render(request, "operations/entity.html", content)


@permission_required(VIEW)
@require_safe
@never_cache
def chart(request: HttpRequest, entity_id: UUID, attribute: str) -> HttpResponse:
    """The course of one attribute of an entity around the scope's moment, with its limits and alerts."""
    found = Entity.objects.filter(id=entity_id).first()
    if found is None:
        raise Http404
    return JsonResponse(evidence.chart(found, attribute, scope.of(request)))


@permission_required(COMMAND)
@require_POST
def change_mode(request: HttpRequest) -> HttpResponse:
    """Declare or end the emergency mode of a division, with its reason."""
    if not isinstance(request.user, Account):
        raise policy.refusal(COMMAND)
    division = request.POST.get("division", "")
    mode.change(request.user, division, request.POST.get("mode", ""), request.POST.get("reason", ""))
    return redirect(f"{reverse('operations:wall')}?{urlencode({'division': division})}")


def _content(looked: scope.Scope) -> dict[str, Any]:
    found = situations.situations(looked)
    return {
        "scope": looked,
        "choices": scope.choices(looked.account, looked.division),
        "groups": situations.groups(found, looked),
        "counts": situations.counts(found.situations),
        "branches": indicators.tree(looked, found.situations),
        "health": health.of(looked),
        "emergency": mode.emergency(looked.division),
        "may_command": policy.may(looked.account, COMMAND, looked.division),
        "timeline": timeline.of(looked),
        "states": STATES,
    }
