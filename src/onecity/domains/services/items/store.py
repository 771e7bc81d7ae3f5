"""The published catalogue: what is in force, which version of it, read once for each content and kept at hand."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.items.logic import reading, tables
from onecity.domains.services.items.logic.item import Bundle, Item
from onecity.domains.services.items.logic.tables import Deciding
from onecity.domains.services.items.models import ItemVersion, Sort, Status, VersionState
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem

Content = TypeVar("Content", Item, Bundle, Deciding)
# contents never change once they are published, so that each is read once a process; a city has some thousands
_READ: dict[tuple[str, str], Item | Bundle | Deciding] = {}
MOST_READ = 20_000


@dataclass(frozen=True)
class Published:
    """One published version of an item, a bundle or a table; `status` says whether people can apply now."""

    code: str
    sort: str
    number: int
    version_id: UUID
    effective_from: dt.datetime
    status: str
    status_note: Mapping[str, str]
    content: Item | Bundle | Deciding

    @property
    def item(self) -> Item:
        """Its content as an item."""
        return _as(self.content, Item)

    @property
    def bundle(self) -> Bundle:
        """Its content as a bundle."""
        return _as(self.content, Bundle)

    @property
    def deciding(self) -> Deciding:
        """Its content as a decision table."""
        return _as(self.content, Deciding)

    @property
    def in_use(self) -> bool:
        """Whether people can apply for it now."""
        return self.status == Status.IN_USE


def in_force(sort: Sort, codes: Iterable[str] | None = None, at: dt.datetime | None = None) -> dict[str, Published]:
    """What holds at a moment (now), by code; all of a sort or those named. What was cancelled is not among them."""
    rows = _published(sort).filter(effective_from__lte=at or now()).exclude(item__status=Status.CANCELLED)
    if codes is not None:
        rows = rows.filter(item__code__in=set(codes))
    newest = rows.order_by("item_id", "-effective_from", "-number").distinct("item_id")
    return {row.item.code: one for row, one in _with_contents(list(newest))}


def items(at: dt.datetime | None = None) -> dict[str, Published]:
    """Every item in force."""
    return in_force(Sort.ITEM, at=at)


def bundles(at: dt.datetime | None = None) -> dict[str, Published]:
    """Every bundle in force."""
    return in_force(Sort.BUNDLE, at=at)


def item(code: str, at: dt.datetime | None = None) -> Published:
    """The version of an item in force; raises Problem 404."""
    return _one(Sort.ITEM, code, at)


def bundle(code: str, at: dt.datetime | None = None) -> Published:
    """The version of a bundle in force; raises Problem 404."""
    return _one(Sort.BUNDLE, code, at)


def table(name: str, at: dt.datetime | None = None) -> Published:
    """The version of a decision table in force; raises Problem 404."""
    return _one(Sort.TABLE, name, at)


def version(sort: Sort, code: str, number: int) -> Published:
    """One published version, whatever holds now: running cases keep theirs. Raises Problem 404."""
    for _row, found in _with_contents(list(_published(sort).filter(item__code=code, number=number))):
        return found
    raise unknown()


def unknown() -> Problem:
    """The problem for what is not in the catalogue."""
    return Problem(
        "service-unknown",
        _("There is no such service."),
        status=404,
        detail=_("Search for it in your own words, or call 12345."),
    )


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of a stored content in one spelling."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def parse(sort: str, content: Mapping[str, Any]) -> Item | Bundle | Deciding:
    """A content as typed values; raises ItemError or TableError."""
    if sort == Sort.ITEM:
        return reading.read(content)
    return reading.read_bundle(content) if sort == Sort.BUNDLE else tables.read(content)


def _one(sort: Sort, code: str, at: dt.datetime | None) -> Published:
    found = in_force(sort, [code], at).get(code)
    if found is None:
        raise unknown()
    return found


def _published(sort: Sort) -> QuerySet[ItemVersion]:
    return (
        ItemVersion.objects.filter(item__sort=sort, state=VersionState.PUBLISHED)
        .select_related("item")
        .defer("content")
    )


def _with_contents(rows: list[ItemVersion]) -> list[tuple[ItemVersion, Published]]:
    fresh = [row.id for row in rows if (row.item.sort, row.digest) not in _READ]
    if fresh:
        if len(_READ) > MOST_READ:
            _READ.clear()
            fresh = [row.id for row in rows]
        for row in ItemVersion.objects.filter(id__in=fresh).select_related("item"):
            _READ[row.item.sort, row.digest] = parse(row.item.sort, row.content)
    return [(row, _made(row)) for row in rows]


def _made(row: ItemVersion) -> Published:
    if row.number is None or row.effective_from is None:
        raise RuntimeError(f"the published version {row.id} has neither number nor date")
    return Published(
        row.item.code,
        row.item.sort,
        row.number,
        row.id,
        row.effective_from,
        row.item.status,
        row.item.status_note,
        _READ[row.item.sort, row.digest],
    )


def _as(content: object, kind: type[Content]) -> Content:
    if not isinstance(content, kind):
        raise TypeError(f"this is no {kind.__name__}")
    return content
