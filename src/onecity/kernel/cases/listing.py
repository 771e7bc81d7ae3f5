"""Lists of cases as the desk asks for them: whose, in which state, where, how late; by key, never by page number.

Every condition that narrows a list is one that an index answers below row-level security (leakproof operators only).
Counting stops at a limit: nobody needs to know whether 48,312 or 48,313 cases have ended to see what is due next.
"""

import base64
import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.logic import prefixes
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import calendars, visibility
from onecity.kernel.cases.models import Case
from onecity.kernel.core import search_text
from onecity.kernel.core.clock import from_us, now, to_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

Order = Literal["due_order", "closed_at", "opened_at"]
Scope = Literal["mine", "office", "unassigned", "all"]
# a whole number, its last part alone (of this year), or its beginning
NUMBER = re.compile(r"(?:(\d{4})-)?(\d{1,9})\Z|(\d{4})-\Z")
COUNT_TO = 1_000
MOST = 200
SEARCH = """
SELECT * FROM cases_search(%(words)s::tsquery, %(place)s, %(open)s::bool, %(states)s::text[], %(types)s::text[],
    %(severities)s::text[], %(at)s::timestamptz, %(id)s::uuid, %(most)s)
"""


@dataclass(frozen=True)
class Wanted:
    """What a list shows. Empty members do not narrow; `open`: True running, False ended, None both."""

    scope: Scope = "all"
    open: bool | None = True
    states: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    place: str = ""
    overdue: bool = False
    text: str = ""
    entity_id: UUID | None = None


@dataclass(frozen=True)
class Page:
    """Cases in order, where the next page begins (empty: this is the last), and how many there are in all.

    `total` stops counting at a limit; then `more` says that there are more.
    """

    cases: list[Case] = field(default_factory=list)
    next: str = ""
    total: int = 0
    more: bool = False


def page(account: Account, wanted: Wanted, *, cursor: str = "", limit: int = 50, count: bool = True) -> Page:
    """One page of a list: running cases by time left, ended ones by their end, all others newest first.

    Raises Problem 400 for a cursor that is not one of ours.
    """
    limit = max(1, min(limit, MOST))
    after = _read_cursor(cursor)
    is_number = NUMBER.match(wanted.text.strip()) is not None
    query = "" if is_number else search_text.query(wanted.text)
    if wanted.text.strip() and not query and not is_number:
        return Page()
    if query and wanted.scope == "all" and not wanted.overdue:
        return _search(account, wanted, query, after, limit)
    rows = narrowed(account, wanted)
    if query:
        found = _search_ids(account, wanted, query, None, COUNT_TO)
        rows = rows.filter(id__in=found)
    order = _order(wanted)
    ordered = _ordered(rows, after, order)[: limit + 1]
    cases = list(ordered)
    total = rows.order_by()[: COUNT_TO + 1].count() if count else 0
    return _page(cases, limit, total, COUNT_TO, order)


def narrowed(account: Account, wanted: Wanted) -> QuerySet[Case]:
    """The visible cases that fit, without order and without the text."""
    rows = Case.objects.defer("search", "description", "evidence")
    rows = rows.filter(assignee_id=account.id) if wanted.scope == "mine" else visibility.visible(rows, account)
    if wanted.scope == "unassigned":
        rows = rows.filter(assignee_id__isnull=True)
    if wanted.scope == "office":
        rows = rows.filter(organisation_id=account.organisation_id) if account.organisation_id else rows.none()
    rows = rows.filter(_conditions(wanted))
    if wanted.place:
        rows = rows.filter(division_path__gte=wanted.place, division_path__lt=prefixes.upper_bound(wanted.place))
    return rows


def located(account: Account, wanted: Wanted, limit: int) -> QuerySet[Case]:
    """The first cases of a list that have a point."""
    query = search_text.query(wanted.text) if not NUMBER.match(wanted.text.strip()) else ""
    rows = narrowed(account, wanted).filter(lon__isnull=False)
    if query:
        rows = rows.filter(id__in=_search_ids(account, wanted, query, None, COUNT_TO))
    return _ordered(rows, None, _order(wanted))[:limit]


def counts(account: Account) -> dict[str, int]:
    """How much there is to do: running cases of each scope, and those of mine that are late; counting has its limit."""
    mine = narrowed(account, Wanted("mine"))
    return {
        "mine": mine[: COUNT_TO + 1].count(),
        "late": mine.filter(due_order__lt=now())[: COUNT_TO + 1].count(),
        "unassigned": narrowed(account, Wanted("unassigned"))[: COUNT_TO + 1].count(),
    }


def told(count: int) -> str:
    """A count as people read it: beyond the limit of counting it says that there are more."""
    return f"{min(count, COUNT_TO):,}{'+' if count > COUNT_TO else ''}"


def _conditions(wanted: Wanted) -> Q:
    found = Q()
    if wanted.open is not None:
        found &= Q(closed_at__isnull=wanted.open)
    if wanted.states:
        found &= Q(state__in=wanted.states)
    if wanted.types:
        found &= Q(type_name__in=wanted.types)
    if wanted.severities:
        found &= Q(severity__in=wanted.severities)
    if wanted.overdue:
        found &= Q(due_order__lt=now())
    if wanted.entity_id:
        found &= Q(entity_id=wanted.entity_id)
    number = NUMBER.match(wanted.text.strip())
    return found & _numbered(number) if number else found


def _numbered(number: re.Match[str]) -> Q:
    """Numbers that are meant: the whole one, with or without its zeros, and those that begin with what was typed."""
    year, serial, only_year = number.groups()
    if year is None and only_year is None:
        year = str(now().astimezone(calendars.office().zone).year)
        return Q(number=f"{year}-{int(serial):06d}")
    typed = number[0]
    # a range in collation "C": unlike LIKE it is leakproof, so that the index answers below row-level security
    found = Q(number__gte=typed, number__lt=prefixes.upper_bound(typed))
    # who types zeros is on the way to the whole number; who types none may mean it without them
    return found if only_year or serial.startswith("0") else found | Q(number=f"{year}-{int(serial):06d}")


def _order(wanted: Wanted) -> Order:
    """Running cases by time left; ended ones by when they ended, others by when they were opened, newest first."""
    return "due_order" if wanted.open is True else "closed_at" if wanted.open is False else "opened_at"


def _ordered(rows: QuerySet[Case], after: tuple[dt.datetime, UUID] | None, order: Order) -> QuerySet[Case]:
    forward = order == "due_order"
    if after:
        beyond = "gt" if forward else "lt"
        later = Q(**{f"{order}__{beyond}": after[0]}) | Q(**{f"id__{beyond}": after[1]})
        # the first condition is where the index begins, the second what is already shown
        rows = rows.filter(**{f"{order}__{beyond}e": after[0]}).filter(later)
    return rows.order_by(order, "id") if forward else rows.order_by(f"-{order}", "-id")


def _search(account: Account, wanted: Wanted, query: str, after: tuple[dt.datetime, UUID] | None, limit: int) -> Page:
    """A page of what was searched for; of these nobody counts more than the page, he looks for another word instead."""
    ids = _search_ids(account, wanted, query, after, limit + 1)
    by_id = Case.objects.defer("search", "description", "evidence").in_bulk(ids)
    return _page([by_id[i] for i in ids if i in by_id], limit, len(ids), limit, "opened_at")


def _search_ids(
    account: Account, wanted: Wanted, query: str, after: tuple[dt.datetime, UUID] | None, most: int
) -> list[UUID]:
    """The function in the database finds what the asking account may see, so it must be the one that asks."""
    values = {
        "words": query,
        "place": wanted.place,
        "open": wanted.open,
        "states": list(wanted.states) or None,
        "types": list(wanted.types) or None,
        "severities": list(wanted.severities) or None,
        "at": after[0] if after else None,
        "id": after[1] if after else None,
        "most": most,
    }
    with acting_as(account.id), connection.cursor() as cursor:
        cursor.execute(SEARCH, values)
        return [row[0] for row in cursor.fetchall()]


def _page(cases: Sequence[Case], limit: int, total: int, most: int, order: Order) -> Page:
    following = ""
    if len(cases) > limit:
        last = cases[limit - 1]
        following = _cursor(getattr(last, order), last.id)
    return Page(list(cases[:limit]), following, min(total, most), total > most)


def _cursor(moment: dt.datetime, identity: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), str(identity)]).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[dt.datetime, UUID] | None:
    if not text:
        return None
    try:
        moment, identity = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return from_us(to_us(dt.datetime.fromisoformat(moment))), UUID(identity)
    except (ValueError, TypeError, AttributeError) as error:
        raise Problem(
            "cursor-invalid",
            _("This place in the list is not valid."),
            status=400,
            detail=_("Begin the list from its start."),
        ) from error
