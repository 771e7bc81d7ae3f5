"""The parsers of all query languages in one place; each raises BadRequestData with the parameter and the place."""

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.collation import check_collation
from onecity.kernel.twin.ngsild.query.geo_parsing import parse_geo, parse_geometry
from onecity.kernel.twin.ngsild.query.language import (
    Direction,
    Names,
    Order,
    OrderTerm,
    Path,
    Projection,
    ScopeExpr,
    ScopePattern,
    TypeExpr,
)
from onecity.kernel.twin.ngsild.query.limits import ORDER_TERMS, TERMS
from onecity.kernel.twin.ngsild.query.patterns import Pattern, pattern
from onecity.kernel.twin.ngsild.query.problems import BadQuery
from onecity.kernel.twin.ngsild.query.q_parsing import QParser, Reading, parse_q
from onecity.kernel.twin.ngsild.query.scanner import Scanner

__all__ = [
    "parse_geo",
    "parse_geometry",
    "parse_id_pattern",
    "parse_names",
    "parse_order",
    "parse_projection",
    "parse_q",
    "parse_scope",
    "parse_types",
]
DIRECTIONS: tuple[Direction, ...] = ("dist-asc", "dist-desc", "asc", "desc")
ENTITY_TERMS = frozenset({"id", "type", "scope"})
ORDER_MEMBERS = ENTITY_TERMS | {"createdAt", "modifiedAt"}
UNPROJECTED = frozenset({"@context"})


def parse_types(text: str, context: Names, *, parameter: str = "type") -> TypeExpr | None:
    """Return the type selection (4.17); None for `*`, which selects every type."""
    scanner = Scanner(text, parameter)
    if text.strip() == "*":
        return None
    groups = [_type_group(scanner, context)]
    while scanner.accept("|", ","):
        groups.append(_type_group(scanner, context))
        if len(groups) > TERMS:
            scanner.fail(_("A selection may have {limit} parts at most.", limit=TERMS))
    scanner.finish()
    return TypeExpr(tuple(groups))


def _type_group(scanner: Scanner, context: Names) -> tuple[str, ...]:
    if not scanner.accept("("):
        return (context.expand(_type_name(scanner)),)
    group = [context.expand(_type_name(scanner))]
    while scanner.accept(";"):
        group.append(context.expand(_type_name(scanner)))
        if len(group) > TERMS:
            scanner.fail(_("A selection may have {limit} parts at most.", limit=TERMS))
    scanner.expect(")")
    return tuple(dict.fromkeys(group))


def _type_name(scanner: Scanner) -> str:
    """Read a type: a term, a prefixed name or any URI without the characters of this language."""
    start = scanner.at if not scanner.ended() else len(scanner.text)
    end = start
    while end < len(scanner.text) and scanner.text[end] not in ",|;()":
        end += 1
    name = scanner.text[start:end].strip()
    if not name or any(char.isspace() or char in '<>"{}[]\\^`*' for char in name):
        scanner.fail(_("A type is expected here: its short name or a URI."), start)
    scanner.at = end
    return name


def parse_scope(text: str, *, parameter: str = "scopeQ") -> ScopeExpr:
    """Return the scope selection (4.19)."""
    scanner = Scanner(text, parameter)
    groups = [_scope_group(scanner)]
    while scanner.accept("|", ","):
        groups.append(_scope_group(scanner))
        if len(groups) > TERMS:
            scanner.fail(_("A selection may have {limit} parts at most.", limit=TERMS))
    scanner.finish()
    return ScopeExpr(tuple(groups))


def _scope_group(scanner: Scanner) -> tuple[ScopePattern, ...]:
    if not scanner.accept("("):
        return (_scope(scanner),)
    group = [_scope(scanner)]
    while scanner.accept(";"):
        group.append(_scope(scanner))
        if len(group) > TERMS:
            scanner.fail(_("A selection may have {limit} parts at most.", limit=TERMS))
    scanner.expect(")")
    return tuple(group)


def _scope(scanner: Scanner) -> ScopePattern:
    start = scanner.at if not scanner.ended() else len(scanner.text)
    end = start
    while end < len(scanner.text) and scanner.text[end] not in ",|;()":
        end += 1
    levels = scanner.text[start:end].strip().removeprefix("/").split("/")
    scanner.at = end
    below = levels[-1] == "#"
    if below:
        levels.pop()
    for level in levels:
        if level != "+" and not (level.replace("_", "a").isalnum() and level[0].isalpha()):
            scanner.fail(
                _("A scope is written /Level/Level; + stands for any level, /# at the end for all below."), start
            )
    return ScopePattern(tuple(levels), below)


def parse_names(text: str, context: Names, *, parameter: str = "attrs") -> tuple[str, ...]:
    """Return the stored names of a comma-separated list of attributes."""
    scanner = Scanner(text, parameter)
    found = [context.expand(scanner.name())]
    while scanner.accept(",", "|"):
        found.append(context.expand(scanner.name()))
        if len(found) > TERMS:
            scanner.fail(_("A list may have {limit} names at most.", limit=TERMS))
    scanner.finish()
    return tuple(dict.fromkeys(found))


def parse_id_pattern(text: str, *, parameter: str = "idPattern") -> Pattern:
    """Return the regular expression that ids must match."""
    if not text:
        raise BadQuery(parameter, _("A regular expression is expected here."))
    return pattern(text, parameter)


def parse_projection(text: str, context: Names, *, parameter: str = "pick") -> Projection:
    """Return what pick, omit or attrs names (4.21): `a,b`, `a|b`, `rel{a,b}`; id, type and scope keep their names."""
    scanner = Scanner(text, parameter)
    found = _projection(scanner, context, [TERMS])
    scanner.finish()
    return found


def _projection(scanner: Scanner, context: Names, left: list[int]) -> Projection:
    members: dict[str, Projection | None] = {}
    while True:
        start = scanner.at
        name = scanner.name()
        stored = name if name in ENTITY_TERMS else context.expand(name)
        left[0] -= 1
        if left[0] < 0:
            scanner.fail(_("A list may have {limit} names at most.", limit=TERMS))
        if stored in members:
            scanner.fail(_("“{name}” stands here twice.", name=name), start)
        members[stored] = None
        if scanner.accept("{"):
            scanner.open()
            members[stored] = _projection(scanner, context, left)
            scanner.expect("}")
            scanner.close()
        if not scanner.accept(",", "|"):
            return Projection(members)


def parse_order(
    text: str,
    context: Names,
    *,
    origin: object = None,
    geometry: str = "",
    collation: str = "",
    parameter: str = "orderBy",
) -> Order:
    """Return the ordering (4.23.3); `origin` and `geometry` are orderFrom and orderGeometry, Point when that is not given."""
    terms: list[OrderTerm] = []
    parser = QParser(text, Reading(context), parameter)
    while True:
        terms.append(_order_term(parser))
        if len(terms) > ORDER_TERMS:
            parser.scanner.fail(_("Results are ordered by {limit} keys at most.", limit=ORDER_TERMS))
        if not parser.scanner.accept(","):
            break
    parser.scanner.finish()
    shape = None
    if origin not in (None, ""):
        shape = parse_geometry(geometry or "Point", origin, of=("orderGeometry", "orderFrom"))
    if shape is None and any(term.direction.startswith("dist") for term in terms):
        raise BadQuery("orderFrom", _("Ordering by distance needs orderFrom, the coordinates to measure from."))
    return Order(tuple(terms), shape, check_collation(collation))


def _order_term(parser: QParser) -> OrderTerm:
    start = parser.scanner.at
    path, written = parser.path()
    if path.links:
        parser.scanner.fail(_("Results cannot be ordered by linked entities."), start)
    if written in ORDER_MEMBERS and len(path.names) <= 1 and not path.trailing:
        path = Path((), written)
    if not parser.scanner.accept(";"):
        return OrderTerm(path)
    found = parser.scanner.accept(*DIRECTIONS)
    direction = next((known for known in DIRECTIONS if known == found), None)
    if direction is None:
        parser.scanner.fail(_("The direction is asc, desc, dist-asc or dist-desc."))
    return OrderTerm(path, direction)
