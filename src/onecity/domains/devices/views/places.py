"""Pages of models of places."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from onecity.domains.devices import places
from onecity.domains.devices.forms import divisions
from onecity.domains.devices.models import PlaceModel
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.kernel.access import audit, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.places import service as tree

SHOWN = 12


@require_http_methods(["GET", "POST"])
@permission_required(VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """All models of places; whoever manages devices somewhere adds one for a division there."""
    account = account_of(request)
    if request.method == "POST":
        path = request.POST.get("division", "")
        policy.require(account, MANAGE, path)
        if tree.by_path(path) is None:
            raise Problem("no-division", _("There is no such division. Choose one of the list."), status=422)
        name = request.POST.get("name", "").strip()[:120] or tree.title_for(path)
        made, fresh = PlaceModel.objects.get_or_create(
            division_path=path, entity_id=None, defaults={"name": name, "created_by": account.id}
        )
        if fresh:
            audit.record(
                "devices.place_modelled",
                actor_id=account.id,
                object_type="place",
                object_id=made.id,
                division_path=path,
            )
        return redirect("devices:place", place_id=made.id)
    listed = [(place, places.series_of(place).count()) for place in places.visible(account)]
    return render(request, "devices/places.html", {"lines": listed, "divisions": divisions(account, MANAGE)})


@require_GET
@permission_required(VIEW)
def show(request: HttpRequest, place_id: UUID) -> HttpResponse:
    """One place: its series with what is usual, and how good its forecasts were."""
    place = places.one(account_of(request), place_id)
    series = list(places.series_of(place))
    found = places.accuracy([one.pk for one in series])
    context = {
        "place": place,
        "title": tree.title_for(place.division_path, full=True),
        "series": series[:SHOWN],
        "number": len(series),
        "accuracy": found,
        "better": None if found.better is None else 100 * found.better,
    }
    return render(request, "devices/place.html", context)


@require_GET
@permission_required(VIEW)
def chart(request: HttpRequest, place_id: UUID, series_id: int) -> HttpResponse:
    """One series of a place, for a chart."""
    place = places.one(account_of(request), place_id)
    series = places.series_of(place).filter(pk=series_id).first()
    if series is None:
        raise Problem("no-series", _("There is no such series in this place"), status=404)
    return JsonResponse(places.chart(series))
