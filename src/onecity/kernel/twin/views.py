"""The desk's list of devices and places, and the page of each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from onecity.kernel.access.decorators import permission_required, public
from onecity.kernel.places import service as places
from onecity.kernel.twin import finding, panels, service
from onecity.kernel.twin.forms import EntityFilter
from onecity.kernel.twin.models import Entity, EntityKind, Relation
from onecity.kernel.twin.permissions import ENTITIES_VIEW
from onecity.kernel.twin.service import CurrentValue

PER_PAGE = 50
SHOWN = 2


@require_GET
@permission_required(ENTITIES_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """Devices and places, to be searched and narrowed."""
    form = EntityFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = finding.search(
        request.user,
        type_name=wanted.get("type", ""),
        text=wanted.get("q", ""),
        division_path=wanted.get("place", ""),
        status=wanted.get("status", ""),
    ).order_by("name", "id")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    states = service.state(page.object_list)
    titles = places.titles_for({entity.division_path for entity in page}, full=True)
    kinds = {kind.name: kind for kind in EntityKind.objects.all()}
    listed = [_line(entity, kinds.get(entity.type), titles[entity.division_path], states[entity.id]) for entity in page]
    return render(request, "twin/index.html", {"form": form, "page": page, "listed": listed})


@require_GET
@public
def show(request: HttpRequest, entity_id: UUID) -> HttpResponse:
    """One device or place: what it says now, since when, and what goes on there."""
    entity = finding.one(request.user, entity_id)
    kind = EntityKind.objects.filter(name=entity.type).first()
    values = service.state([entity])[entity.id]
    known = [value.attribute for value in values if value.value is not None]
    chosen = request.GET.get("attribute") or (known or [value.attribute for value in values] or [""])[0]
    context = {
        "entity": entity,
        "kind": kind,
        "place": places.title_for(entity.division_path, full=True),
        "values": [(kind.attribute_title(value.attribute) if kind else value.attribute, value) for value in values],
        "newest": max((value.observed_at for value in values if value.observed_at), default=None),
        "max_age": kind.max_age if kind else None,
        "chosen": chosen,
        "relations": _relations(request, entity),
        "panels": panels.of(request, entity),
    }
    return render(request, "twin/entity.html", context)


@require_GET
@public
def moved(request: HttpRequest, entity_id: UUID) -> HttpResponse:
    """The desk's address of an entity leads to its page."""
    del request
    return redirect("twin:show", entity_id=entity_id)


def _line(entity: Entity, kind: EntityKind | None, place: str, values: Sequence[CurrentValue]) -> dict[str, Any]:
    """What the list shows of an entity: its first values by name, and when it last reported."""
    known = [value for value in values if value.value is not None]
    return {
        "entity": entity,
        "kind": kind,
        "place": place,
        "values": [(kind.attribute_title(v.attribute) if kind else v.attribute, v) for v in known[:SHOWN]],
        "newest": max((value.observed_at for value in known if value.observed_at), default=None),
    }


def _relations(request: HttpRequest, entity: Entity) -> list[tuple[Relation, Entity]]:
    seen = finding.visible(request.user)
    forth = Relation.objects.filter(source=entity, target__in=seen).select_related("target")
    back = Relation.objects.filter(target=entity, source__in=seen).select_related("source")
    return [*((relation, relation.target) for relation in forth), *((relation, relation.source) for relation in back)]
