"""Pages of the sensor network: the state of all devices, and the outlook on a device's page."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from onecity.domains.devices import fitness, outlook
from onecity.domains.devices.logic.fitness import Fitness
from onecity.kernel.access.decorators import permission_required, public
from onecity.kernel.places import service as places
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.permissions import TELEMETRY_VIEW
from onecity.kernel.twin import finding
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.panels import Panel

PER_PAGE = 50
NAMES = {
    Fitness.SILENT: _("Silent"),
    Fitness.UNHEARD: _("Never heard"),
    Fitness.LATE: _("Late"),
    Fitness.WELL: _("Sending"),
    Fitness.REVOKED: _("Credentials revoked"),
}


@require_GET
@permission_required(TELEMETRY_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """All devices, those in trouble first."""
    listed = fitness.states(request.user)
    wanted = request.GET.get("state", "")
    chosen = next((one for one in Fitness if one.name.lower() == wanted), None)
    page = Paginator([s for s in listed if chosen is None or s.fitness == chosen], PER_PAGE).get_page(
        request.GET.get("page")
    )
    titles = places.titles_for({state.device.division_path for state in page}, full=True)
    things = _things([state.device.id for state in page], request)
    context = {
        "total": len(listed),
        "chosen": wanted if chosen is not None else "",
        "counts": [(one.name.lower(), NAMES[one], number) for one, number in fitness.counts(listed).items() if number],
        "page": page,
        "lines": [
            {
                "state": state,
                "name": NAMES[state.fitness],
                "trouble": state.fitness in {Fitness.SILENT, Fitness.UNHEARD, Fitness.LATE},
                "place": titles[state.device.division_path],
                "things": things.get(state.device.id, []),
            }
            for state in page
        ],
    }
    return render(request, "devices/index.html", context)


@require_GET
@public
def outlook_data(request: HttpRequest, entity_id: UUID, attribute: str) -> HttpResponse:
    """The outlook of one attribute, for whoever may see the entity."""
    return JsonResponse(outlook.chart(finding.one(request.user, entity_id), attribute))


def outlook_panel(request: HttpRequest, entity: Entity) -> Panel | None:
    """The outlook of the attribute that the entity's page shows."""
    names = list(
        Series.objects.filter(entity_id=entity.id, active=True).order_by("id").values_list("attribute", flat=True)
    )
    if not names:
        return None
    chosen = request.GET.get("attribute", "")
    shown = chosen if chosen in names else names[0]
    return Panel(_("The next 24 hours"), "devices/outlook.html", {"entity": entity, "attribute": shown})


def _things(devices: list[UUID], request: HttpRequest) -> dict[UUID, list[Entity]]:
    """What each device measures at: its entities, as far as the account may see them."""
    found: dict[UUID, list[Entity]] = {}
    for entity in finding.visible(request.user).filter(device_id__in=devices).order_by("name"):
        if entity.device_id is not None:
            found.setdefault(entity.device_id, []).append(entity)
    return found
