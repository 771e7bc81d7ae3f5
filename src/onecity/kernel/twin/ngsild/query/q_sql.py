"""A query of 4.9 as a condition of PostgreSQL over an entity's row, telemetry series and linked entities."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from onecity.kernel.twin.ngsild.query.jsonpath import Condition, key
from onecity.kernel.twin.ngsild.query.language import Absent, Either, Every, Q, Term
from onecity.kernel.twin.ngsild.query.series_sql import SeriesNames, column_condition, series_condition

ENTITY_COLUMNS = {"createdAt": "created_at", "modifiedAt": "changed_at", "expiresAt": "expires_at"}


@dataclass(slots=True)
class Builder:
    """What is collected while conditions are written: parameters in their order, and whether the condition is exact."""

    series: SeriesNames
    prefilter: Callable[[Term, str], tuple[str, list[Any]]] | None = None
    params: list[Any] = field(default_factory=list)
    exact: bool = True
    aliases: int = 0

    def add(self, *values: Any) -> None:
        """Append parameters."""
        self.params.extend(values)

    def alias(self) -> str:
        """Return a new table alias."""
        self.aliases += 1
        return f"l{self.aliases}"


def q_condition(q: Q, builder: Builder, alias: str = "e") -> str:
    """Return the condition over the row `alias`; its parameters are added to `builder`."""
    if isinstance(q, Every):
        return "(" + " AND ".join([q_condition(part, builder, alias) for part in q.parts]) + ")"
    if isinstance(q, Either):
        return "(" + " OR ".join([q_condition(part, builder, alias) for part in q.parts]) + ")"
    if isinstance(q, Absent):
        return f"NOT coalesce({_term(Term(q.path), builder, alias)}, false)"
    return _term(q, builder, alias)


def _term(term: Term, builder: Builder, alias: str) -> str:
    if term.path.links:
        return _linked(term, 0, builder, alias)
    return _local(term, builder, alias)


def _linked(term: Term, step: int, builder: Builder, alias: str) -> str:
    """Return that one of the entities a relationship points at meets the rest of the path."""
    if step == len(term.path.links):
        return _local(term, builder, alias)
    link = term.path.links[step]
    inner = builder.alias()
    start = f"${key(link.relationship)}[*]"
    builder.add(
        [
            f'{start}."object"[*]',
            f'{start}."objectList"[*]',
            f'{start}."objectList"[*]."object"',
            f'{start}."object"."object"',
        ]
    )
    types = ""
    if link.types:
        builder.add(list(link.types))
        types = f" AND {inner}.types && %s::text[]"
    rest = _linked(term, step + 1, builder, inner)
    return (  # aliases and jsonpaths are ours, names of the user are parameters
        f"EXISTS (SELECT 1 FROM twin_entity {inner} WHERE {inner}.tenant = {alias}.tenant AND {inner}.urn = ANY (ARRAY("  # noqa: S608 - the aliases are made here, everything else is a parameter
        f"SELECT o #>> '{{}}' FROM unnest(%s::jsonpath[]) p, jsonb_path_query({alias}.attributes, p) o WHERE jsonb_typeof(o) = 'string'))"
        f"{types} AND {rest})"
    )


def _local(term: Term, builder: Builder, alias: str) -> str:
    if not term.path.names:
        return _entity_member(term, builder, alias)
    document = _document(term, builder, alias)
    if term.path.names[0] not in builder.series:
        return document
    condition, params, exact = series_condition(term, builder.series[term.path.names[0]], alias)
    builder.add(*params)
    builder.exact = builder.exact and exact
    return f"({document} OR {condition})"


def _document(term: Term, builder: Builder, alias: str) -> str:
    path = term.path
    simple = len(path.names) == 1 and not path.member and not path.trailing
    if simple and term.comparison == "exists":
        builder.add(path.names[0])
        return f"{alias}.attributes ? %s"
    first = ""
    if builder.prefilter is not None and alias == "e":
        first, params = builder.prefilter(term, alias)
        builder.add(*params)
    condition = Condition(term)
    function = "jsonb_path_exists_tz" if condition.temporal else "jsonb_path_exists"
    builder.add(condition.path, json.dumps(condition.variables, ensure_ascii=False))
    exact = f"{function}({alias}.attributes, %s::jsonpath, %s::jsonb, true)"
    return f"({first} AND {exact})" if first else exact


def _entity_member(term: Term, builder: Builder, alias: str) -> str:
    """Return the condition on createdAt, modifiedAt or expiresAt of the entity, which are columns."""
    column = f"{alias}.{ENTITY_COLUMNS[term.path.member]}"
    if term.path.trailing:
        return "FALSE"
    if term.comparison == "exists":
        return f"{column} IS NOT NULL"
    return column_condition(term, column, "datetime", builder.params)
