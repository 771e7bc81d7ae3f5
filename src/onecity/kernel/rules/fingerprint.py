"""Tells when rules, series or baselines have changed, so that the running engine takes them up within two seconds."""

from django.db import connection

from onecity.kernel.core.clock import from_us, to_us
from onecity.kernel.rules import publishing

SECOND = 1_000_000
# rows that a long transaction brings in late can carry an earlier time than rows already seen: count them now and then
COUNT_EVERY = 30 * SECOND
# of entities only those with series matter: a million others would be read through every time
_NEWEST = """
SELECT (SELECT max(changed_at) FROM rules_rule), (SELECT count(*) FROM rules_rule),
       (SELECT max(changed_at) FROM telemetry_series), (SELECT max(changed_at) FROM twin_entity WHERE measured),
       (SELECT max(learnt_at) FROM rules_baselines)
"""
_COUNTS = "SELECT (SELECT count(*) FROM telemetry_series), (SELECT count(*) FROM twin_entity WHERE measured)"


class Fingerprint:
    """What the rules at work depend on, as it was when they were last read."""

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._counts: tuple[object, ...] = ()
        self._counted_at = 0
        self._next_version: int | None = None

    def take(self, now_us: int) -> None:
        """Remember how things stand."""
        self._seen, self._counts, self._counted_at = _row(_NEWEST), _row(_COUNTS), now_us
        coming = publishing.next_change(from_us(now_us))
        self._next_version = None if coming is None else to_us(coming)

    def changed(self, now_us: int) -> bool:
        """Return whether anything has changed since, or a version has begun to hold."""
        if self._next_version is not None and now_us >= self._next_version:
            return True
        if now_us - self._counted_at >= COUNT_EVERY:
            self._counted_at = now_us
            if _row(_COUNTS) != self._counts:
                return True
        return _row(_NEWEST) != self._seen


def _row(statement: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return tuple(cursor.fetchone())
