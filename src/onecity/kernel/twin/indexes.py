"""Makes the indexes that slow queries ask for, a bounded number, and drops those that nobody uses any more."""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from psycopg import sql

from onecity.kernel.core.clock import now
from onecity.kernel.twin.models import QueryIndex
from onecity.kernel.twin.ngsild.query.indexing import IndexAdvice, advice

MOST: Final = 8  # each costs every write of its attribute
SLOW_ENOUGH: Final = 20  # slow queries that are worth an index
LEAST_ENTITIES: Final = 10_000  # with the attribute; fewer are quicker read through
UNUSED: Final = dt.timedelta(days=14)
# an index gives way to one that is wanted more when nobody has used it for this long
IDLE: Final = dt.timedelta(days=1)
ENTITIES: Final = "SELECT coalesce(sum(entities), 0) FROM twin_census WHERE attribute = %s"
VALID: Final = """
SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = ANY (%s) AND i.indisvalid
"""
DROP: Final = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")

Finding = tuple[str, str, str]


def tend() -> tuple[list[str], list[str]]:
    """Drop what is unused, make what is wanted; returns the attributes of both. Not inside a transaction.

    An index is made beside running writes. One that could not be made is dropped again and tried at the next slow queries.
    """
    moment = now()
    unused = list(QueryIndex.objects.filter(used_at__lt=moment - UNUSED))
    dropped = [_dropped(one) for one in unused]
    made = []
    for wanted in QueryIndex.objects.exclude(state="ready").filter(slow__gte=SLOW_ENOUGH).order_by("-slow"):
        if not _worth(wanted) or not _room(moment, dropped):
            continue
        if _made(wanted):
            made.append(wanted.attribute)
    QueryIndex.objects.exclude(state="ready").update(slow=0)  # what is asked for rarely never adds up
    return made, [name for name in dropped if name]


def _worth(wanted: QueryIndex) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ENTITIES, [wanted.attribute])
        return int(cursor.fetchone()[0]) >= LEAST_ENTITIES


def _room(moment: dt.datetime, dropped: list[str]) -> bool:
    """Whether one more index may be made, for which the one that was idle longest goes where there are enough."""
    ready = QueryIndex.objects.filter(state="ready")
    if ready.count() < MOST:
        return True
    idle = ready.filter(used_at__lt=moment - IDLE).order_by("used_at").first()
    if idle is None:
        return False
    dropped.append(_dropped(idle))
    return True


def _dropped(one: QueryIndex) -> str:
    """Forget an attribute, first for those who query, then in the database; its name where it had an index."""
    name, had = one.attribute, one.state == "ready"
    one.delete()
    if had:
        _drop(advice(name))
    return name if had else ""


def _made(wanted: QueryIndex) -> bool:
    asked = advice(wanted.attribute)
    try:
        with connection.cursor() as cursor:
            for statement in asked.statements:
                cursor.execute(statement)
            cursor.execute(VALID, [_names(asked)])
            whole = int(cursor.fetchone()[0]) == len(asked.statements)
            cursor.execute("ANALYZE twin_entity")  # what the values are like is known only now
    except DatabaseError:
        whole = False
    if not whole:
        _drop(asked)
    wanted.state, wanted.slow, wanted.made_at = ("ready", 0, now()) if whole else ("failed", 0, None)
    wanted.save(update_fields=["state", "slow", "made_at"])
    return whole


def _drop(asked: IndexAdvice) -> None:
    with connection.cursor() as cursor:
        for name in _names(asked):
            cursor.execute(DROP.format(sql.Identifier(name)))


def _names(asked: IndexAdvice) -> list[str]:
    return [asked.name, f"{asked.name}_odd"]


def examine() -> Iterator[Finding]:
    """What a doctor would say: (ok or warning; what was seen; how to mend it)."""
    ready = list(QueryIndex.objects.filter(state="ready").order_by("attribute").values_list("attribute", flat=True))
    text = _("%(n)d of at most %(most)d indexes for queries: %(names)s") % {
        "n": len(ready),
        "most": MOST,
        "names": ", ".join(ready) or "–",
    }
    broken = [name for name in ready if not _whole(advice(name))]
    failed = list(QueryIndex.objects.filter(state="failed").values_list("attribute", flat=True))
    if broken or failed:
        yield (
            "warning",
            _("indexes for queries that could not be made: %(names)s") % {"names": ", ".join([*broken, *failed])},
            _("see the worker's log file; it tries again when queries are slow"),
        )
    yield "ok", text, ""


def _whole(asked: IndexAdvice) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(VALID, [_names(asked)])
        return bool(cursor.fetchone()[0] == len(asked.statements))
