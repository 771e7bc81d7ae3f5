"""Published case types: adds a version when a declaration changed, finds the one in force, keeps parsed ones at hand."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import statements
from onecity.kernel.cases.logic.definition import Definition, parse, to_data
from onecity.kernel.cases.models import CaseType
from onecity.kernel.cases.types import CaseTypeDecl, in_language
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem

LOCK = 0x0A0CA5E
IN_FORCE = """
SELECT DISTINCT ON (name) name, version, digest FROM cases_casetype WHERE name = ANY (%s::text[]) AND effective_from <= %s
ORDER BY name, effective_from DESC, version DESC
"""
_PARSED: dict[str, Definition] = {}


@dataclass(frozen=True, slots=True)
class InForce:
    """One version of a case type, read and checked."""

    name: str
    version: int
    definition: Definition

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return in_language(self.definition.title)


def publish(decl: CaseTypeDecl, *, effective_from: dt.datetime | None = None) -> CaseType:
    """Store a declaration as the newest version of its type, unless the newest already says the same, or was published
    by people: an update of the platform does not undo a district's own rules.

    Returns the row that holds. Raises DefinitionError when the declaration cannot work.
    """
    latest = CaseType.objects.filter(name=decl.name).order_by("-version").first()
    if latest is not None and latest.published_by_id is not None:
        return latest
    return publish_definition(decl.name, decl.definition(), effective_from=effective_from)


@transaction.atomic
def publish_definition(
    name: str, definition: Definition, *, effective_from: dt.datetime | None = None, published_by_id: UUID | None = None
) -> CaseType:
    """The same for a definition edited by people."""
    data = to_data(parse(to_data(definition)))
    digest = digest_of(data)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, name])
    latest = CaseType.objects.filter(name=name).order_by("-version").first()
    if latest is not None and latest.digest == digest:
        return latest
    return CaseType.objects.create(
        name=name,
        version=latest.version + 1 if latest else 1,
        definition=data,
        digest=digest,
        effective_from=effective_from or now(),
        published_by_id=published_by_id,
    )


def digest_of(data: Mapping[str, Any]) -> str:
    """SHA-256 of a stored definition in one spelling."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def in_force(names: Iterable[str], at: dt.datetime) -> dict[str, InForce]:
    """The version of each type that holds for cases opened at `at`; a type not published by then is missing."""
    rows = statements.run(IN_FORCE, [list(set(names)), at])
    return {name: stored(name, number, digest) for name, number, digest in rows}


def all_in_force(at: dt.datetime | None = None) -> list[InForce]:
    """Every type in force, by name."""
    rows = (
        CaseType.objects.filter(effective_from__lte=at or now())
        .order_by("name", "-effective_from", "-version")
        .distinct("name")
        .defer("definition")
    )
    return [read_row(row) for row in rows]


def version(name: str, number: int) -> InForce:
    """One version of a type; raises Problem 404 when it was never published."""
    row = CaseType.objects.filter(name=name, version=number).defer("definition").first()
    if row is None:
        raise unknown(name)
    return read_row(row)


def stored(name: str, number: int, digest: str | None) -> InForce:
    """One version of a type of which the digest was read with the case (None: there is no such version); errors as above."""
    definition = _PARSED.get(digest or "")
    return version(name, number) if definition is None else InForce(name, number, definition)


def versions(keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], InForce]:
    """Several versions by (name, number), in one query."""
    wanted = set(keys)
    rows = CaseType.objects.filter(name__in={name for name, _number in wanted}).defer("definition")
    return {(row.name, row.version): read_row(row) for row in rows if (row.name, row.version) in wanted}


def unknown(name: str) -> Problem:
    """The problem for a type that nobody published."""
    return Problem(
        "case-type-unknown",
        _("There is no kind of case “%(name)s”.") % {"name": name},
        status=404,
        detail=_("Choose one of the kinds offered."),
    )


def read_row(row: CaseType) -> InForce:
    """A stored version, parsed once for each definition."""
    definition = _PARSED.get(row.digest)
    if definition is None:
        # what is stored was checked when it was published, and never changes
        definition = _PARSED[row.digest] = parse(row.definition)
    return InForce(row.name, row.version, definition)
