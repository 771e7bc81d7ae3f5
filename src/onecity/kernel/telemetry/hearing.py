"""How devices of other networks were last heard: written now and then, not with every message."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from onecity.kernel.core.clock import now

UPDATE = """
UPDATE telemetry_deviceaddress a SET last_seen_at = n.at, signal = a.signal || n.signal
FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::jsonb[])
    AS n (network, address, division, at, signal)
WHERE a.network = n.network AND a.address = n.address AND a.division_path ^@ n.division
"""


@dataclass(slots=True)
class Hearing:
    """The newest that each device was heard with, until it is written."""

    _heard: dict[tuple[str, str, str], tuple[dt.datetime, dict[str, Any]]] = field(default_factory=dict)

    def note(self, network: str, address: str, division: str, signal: Mapping[str, Any]) -> None:
        """A device was heard by who may speak for the devices of a division."""
        key = (network, address, division)
        before = self._heard[key][1] if key in self._heard else {}
        self._heard[key] = (now(), before | dict(signal))

    def write(self) -> None:
        """Write what was noted, in one statement; kept where that fails. Raises DatabaseError."""
        if not self._heard:
            return
        noted, self._heard = self._heard, {}
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    UPDATE,
                    [
                        *(list(part) for part in zip(*noted, strict=True)),
                        [at for at, _signal in noted.values()],
                        [json.dumps(signal) for _at, signal in noted.values()],
                    ],
                )
        except Exception:
            self._heard = noted | self._heard
            raise
