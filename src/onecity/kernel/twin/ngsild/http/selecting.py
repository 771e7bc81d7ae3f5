"""The parameters of a query, of GET or of a Query body (5.2.23), as one set of texts, and what they select (5.7.2.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.core import NGSI
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.http.limits import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.query.collation import check_collation
from onecity.kernel.twin.ngsild.query.language import Order, TypeExpr
from onecity.kernel.twin.ngsild.query.parsing import (
    parse_geo,
    parse_id_pattern,
    parse_names,
    parse_order,
    parse_q,
    parse_scope,
    parse_types,
)
from onecity.kernel.twin.ngsild.query.selection import Selection

SYSTEM = frozenset(
    prefix + name for name in ("createdAt", "modifiedAt", "deletedAt", "expiresAt") for prefix in ("", NGSI)
)
DEFAULT_DATASET = "@none"
GEO = ("georel", "geometry", "coordinates")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: a selection, and which part of its answer."""

    selections: tuple[Selection, ...]
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    count: bool = False
    local: bool = False


def question(request: Request, parameters: dict[str, Any], context: Context, *, most: int = MAX_LIMIT) -> Question:
    """The question of a request; raises Problem 400 where a parameter is wrong, or where nothing narrows the query.

    `parameters`: texts by the names of 6.4.3.2; `coordinates` may be an array, `selectors` alternatives (5.2.33).
    """
    selections = tuple(selected(parameters | one, context) for one in parameters.get("selectors", ({},)))
    everything = parameters.get("type") == "*"
    local = request.flag("local") or everything
    if everything and request.query.get("local", "true").lower() not in {"true", "1"}:
        raise problems.bad_request(_("type=* is always local; local=false contradicts it."))
    count = request.flag("count")
    limit = request.number("limit", DEFAULT_LIMIT, 10**9)
    if limit > most:
        raise problems.problem("TooManyResults", _("At most {most} entities are given at once.", most=most))
    if limit == 0 and not count:
        raise problems.bad_request(_("limit=0 makes sense only together with count=true."))
    if not local and not all(map(narrow, selections)):
        raise problems.bad_request(
            _("The query is too wide: give at least one of type, attrs, q or a geo-query, or local=true.")
        )
    offset = request.number("offset", 0, MAX_OFFSET)
    return Question(selections, limit, offset, count, local)


def order(parameters: Mapping[str, Any], context: Context, *, local: bool) -> Order | None:
    """The order of the answer (4.23); raises Problem 400 where it is wrong or others are asked as well (4.23.1)."""
    text = _texts(parameters)
    by, collation = text("orderBy"), text("collation")
    if not by:
        if parameters.get("orderBy") == "":
            raise problems.bad_request(_("orderBy names what to order by."), "orderBy")
        if collation:
            check_collation(collation)
        return None
    if not local:
        raise problems.bad_request(_("An order can be kept only among local entities; add local=true."))
    return parse_order(
        by, context, origin=parameters.get("orderFrom"), geometry=text("orderGeometry"), collation=collation
    )


def narrow(selection: Selection) -> bool:
    """Whether the selection says more than ids: a type, an attribute that is not the system's own, or a place."""
    if selection.types is not None or selection.geo is not None:
        return True
    if any(name not in SYSTEM for name in selection.attrs):
        return True
    return bool(selection.q is not None and Selection(q=selection.q).attribute_names())


def selected(parameters: Mapping[str, Any], context: Context) -> Selection:
    """The selection that the parameters describe; raises Problem 400 (BadRequestData)."""
    text = _texts(parameters)
    ids = tuple(require_uri(one, "id") for one in _list(text("id")))
    given = text("type")
    types: TypeExpr | None = parse_types(given, context) if given else None
    attrs, q, scope, csf = text("attrs"), text("q"), text("scopeQ"), text("csf")
    pattern = text("idPattern")
    datasets = _list(text("datasetId"))
    for dataset in datasets:
        if dataset != DEFAULT_DATASET:
            require_uri(dataset, "datasetId")
    geo = None
    if any(parameters.get(name) not in (None, "") for name in GEO):
        geo = parse_geo(text("georel"), text("geometry"), parameters.get("coordinates"), text("geoproperty"), context)
    return Selection(
        ids=ids,
        id_pattern=parse_id_pattern(pattern) if pattern else None,
        types=types,
        q=parse_q(q, context, expand_values=_list(text("expandValues")), json_keys=_list(text("jsonKeys")))
        if q
        else None,
        geo=geo,
        scope=parse_scope(scope) if scope else None,
        attrs=parse_names(attrs, context) if attrs else (),
        dataset_ids=datasets,
        csf=parse_q(csf, context, parameter="csf") if csf else None,
    )


def _texts(parameters: Mapping[str, Any]) -> Callable[[str], str]:
    def text(name: str) -> str:
        value = parameters.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise problems.bad_request(_("The parameter {name} must be a text.", name=name))
        if "\x00" in value:
            raise problems.bad_request(_("The parameter {name} must not contain the character NUL.", name=name))
        return value

    return text


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
