"""Under which names measured series are shown: what a query by attribute has to look up besides the stored attributes."""

import time
from collections.abc import Mapping

from onecity.kernel.twin.ngsild.store.database import Connection

# kinds are declared by manifests when the platform starts or is upgraded
REMEMBER_S = 10.0
NAMES = """
SELECT coalesce(k.model_names ->> f.name, f.name), array_agg(DISTINCT f.name)
FROM twin_entitykind k, jsonb_to_recordset(k.attributes) AS f(name text) GROUP BY 1
"""


class SeriesNames:
    """Stored name → the series' own names, as of at most REMEMBER_S ago."""

    def __init__(self) -> None:
        self._names: Mapping[str, tuple[str, ...]] = {}
        self._until = 0.0

    async def current(self, connection: Connection) -> Mapping[str, tuple[str, ...]]:
        """The names, read again when they are older than REMEMBER_S."""
        if time.monotonic() >= self._until:
            cursor = await connection.execute(NAMES)
            self._names = {name: tuple(own) for name, own in await cursor.fetchall()}
            self._until = time.monotonic() + REMEMBER_S
        return self._names
