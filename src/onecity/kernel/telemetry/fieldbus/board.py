"""How each source does, kept in memory and written to the database about once a second."""

import datetime as dt
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.fieldbus.faults import SourceError

UPSERT = """
INSERT INTO telemetry_sourcestate AS s
    (source_id, at, last_success_at, failing_since, error, detail, failures, readings, position)
SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s WHERE EXISTS (SELECT 1 FROM telemetry_fieldsource WHERE id = %s)
ON CONFLICT (source_id) DO UPDATE SET at = excluded.at,
    last_success_at = coalesce(excluded.last_success_at, s.last_success_at), failing_since = excluded.failing_since,
    error = excluded.error, detail = excluded.detail, failures = excluded.failures,
    readings = s.readings + excluded.readings, position = excluded.position
"""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class State:
    """How one source does. `readings` counts since the last writing; `position` is where to go on after a restart."""

    position: dict[str, Any] = field(default_factory=dict)
    last_success_at: dt.datetime | None = None
    failing_since: dt.datetime | None = None
    error: str = ""
    detail: str = ""
    failures: int = 0
    readings: int = 0
    changed: bool = False

    def succeeded(self, readings: int, position: Mapping[str, Any] | None = None, complaint: str = "") -> None:
        """A round went well; `complaint` is what did not belong to it."""
        self.last_success_at, self.failing_since = now(), None
        self.error, self.detail = ("points", complaint[:500]) if complaint else ("", "")
        self.failures = 0
        self.readings += readings
        if position:
            self.position.update(position)
        self.changed = True

    def failed(self, error: SourceError) -> None:
        """A round did not go well."""
        self.failing_since = self.failing_since or now()
        self.error, self.detail = str(error.fault), error.detail
        self.failures += 1
        self.changed = True


@dataclass(slots=True)
class Board:
    """The states of all sources."""

    states: dict[UUID, State] = field(default_factory=dict)

    def of(self, source: UUID, position: Mapping[str, Any] | None = None) -> State:
        """The state of a source; `position` is what the database says where this process does not know it yet."""
        if source not in self.states:
            self.states[source] = State(position=dict(position or {}))
        return self.states[source]

    def write(self) -> None:
        """Write what changed; while the database is away it is kept and written later."""
        for source, state in list(self.states.items()):
            if not state.changed:
                continue
            state.changed, count, state.readings = False, state.readings, 0
            facts = (state.last_success_at, state.failing_since, state.error, state.detail, state.failures, count)
            try:
                with connection.cursor() as cursor:
                    cursor.execute(UPSERT, [source, now(), *facts, json.dumps(state.position), source])
            except DatabaseError as error:
                state.changed = True
                state.readings += count
                log.warning("the database cannot be reached: %s", str(error).strip())
                connection.close()
                return
