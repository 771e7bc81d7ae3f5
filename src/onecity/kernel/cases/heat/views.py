"""Hot spots at the desk: the heat map of a period, what grows, what comes again, and the cases of one cell."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from shapely.geometry.base import BaseGeometry

from onecity.kernel.access import audit, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import choices, permissions
from onecity.kernel.cases.heat import picture, service
from onecity.kernel.cases.heat.service import Wanted
from onecity.kernel.cases.scoring.drilling import Act
from onecity.kernel.cases.scoring.export import cases_book, table_book
from onecity.kernel.cases.scoring.views import local_now, period, sheet
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.places import snapshot


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The period in the address, this month where none is given; `format=xlsx` gives kinds and trend as a workbook."""
    account = account_of(request)
    kinds, offered = choices.kinds(), choices.divisions(account, permissions.VIEW)
    wanted = _wanted(request, account)
    problem: Problem | None = None
    found: service.Heat | None = None
    try:
        found = service.heat(wanted)
    except Problem as error:
        problem = error
    if request.GET.get("format") == "xlsx" and found is not None:
        _log(wanted)
        head = [_("Kind"), _("Cases"), _("Period before")]
        lines: list[list[str | float | None]] = [[kind.title, kind.count, kind.before] for kind in found.kinds]
        book = table_book(_("Hot spots"), head, lines, str(account), local_now())
        return sheet(book, f"hotspots-{wanted.first}-{wanted.last}")
    context = {
        "found": found,
        "map": picture.heat_map(found.cells, _shapes(wanted), lambda cell: _link(wanted, cell)) if found else "",
        "bars": picture.trend(found.trend) if found else "",
        "problem": problem,
        "wanted": wanted,
        "kinds": kinds,
        "divisions": offered,
        "most": service.MOST,
    }
    return render(request, "cases/hotspots.html", context, status=422 if problem else 200)


@permission_required(permissions.VIEW)
@require_safe
def cell(request: HttpRequest) -> HttpResponse:
    """The cases of one cell of the heat map; `format=xlsx` gives them as a workbook."""
    account = account_of(request)
    wanted, name = _wanted(request, account), request.GET.get("cell", "")
    try:
        rows = service.in_cell(wanted, name)
    except ValueError as error:
        raise Problem("cell-unknown", _("There is no such cell. Choose one of the map."), status=404) from error
    acts = [Act(row, row.case.opened_at) for row in rows]
    if request.GET.get("format") == "xlsx":
        _log(wanted, cell=name)
        return sheet(cases_book(acts, f"{_('Cell')} {name}", str(account), local_now()), f"cell-{name}")
    context = {"acts": acts, "wanted": wanted, "cell": name, "most": service.LISTED}
    return render(request, "cases/cell.html", context)


def _wanted(request: HttpRequest, account: Account) -> Wanted:
    first, last = period(request)
    place, kind = request.GET.get("place", ""), request.GET.get("kind", "")
    known = {name for _group, rows in choices.kinds() for name, _title in rows}
    places = dict(choices.divisions(account, permissions.VIEW))
    return Wanted(account, first, last, kind if kind in known else "", place if place in places else "")


def _link(wanted: Wanted, name: str) -> str:
    values = {"cell": name, "first": wanted.first, "last": wanted.last, "kind": wanted.kind, "place": wanted.place}
    return f"{reverse('cases:cell')}?{urlencode({key: str(value) for key, value in values.items() if value})}"


def _shapes(wanted: Wanted) -> list[BaseGeometry]:
    """Outlines of the towns within what is shown; of the place itself where it has none within it."""
    scopes = [wanted.place] if wanted.place else list(policy.scopes(wanted.account, permissions.VIEW))
    every = [(place, shape) for place, shape in snapshot.take().at_level(None) if _inside(place.path, scopes)]
    towns = [shape for place, shape in every if place.level == "town"]
    return list(towns or [shape for _place, shape in every])


def _inside(path: str, scopes: list[str]) -> bool:
    return any(path.startswith(scope) for scope in scopes)


def _log(wanted: Wanted, **detail: str) -> None:
    audit.record(
        "cases.hotspots.export",
        actor_id=wanted.account.id,
        object_type="hotspots",
        object_id=f"{wanted.first}/{wanted.last}",
        division_path=wanted.place,
        detail=detail,
    )
