"""Who may have others asked or told through us: whoever sees, or may change, the entities of the whole district.

A source holds entities of divisions that are not known here, and it is spoken to with the platform's own credentials; so
nobody sees or changes through it what he might not see or change here.
"""

import time
from typing import Final, Literal
from uuid import UUID

from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.principal import Principal

Right = Literal["read", "write"]
PERMISSION: Final[dict[Right, str]] = {"read": "entities.view", "write": "entities.edit"}
GRANTED: Final = """
SELECT EXISTS (SELECT 1 FROM access_grant WHERE account_id = %s AND permission IN (%s, '*') AND starts_with(%s, path)
AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))
"""
# a grant that was taken back ends within this time
REMEMBER_S: Final = 2.0
MOST_REMEMBERED: Final = 10_000


class Rights:
    """What principals of this process may do through sources."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[UUID, Right], tuple[float, bool]] = {}

    async def may(self, principal: Principal, right: Right, root: str) -> bool:
        """Whether the principal has the right in the whole district, whose path is `root` ("" where none is loaded)."""
        held = principal.seen if right == "read" else principal.written
        if any(root.startswith(path) for path in held):
            return True
        if principal.account_id is None:
            return False
        key = (principal.account_id, right)
        known = self._known.get(key)
        if known is None or known[0] <= time.monotonic():
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = (time.monotonic() + REMEMBER_S, await self._granted(principal.account_id, right, root))
            self._known[key] = known
        return known[1]

    async def _granted(self, account: UUID, right: Right, root: str) -> bool:
        async with self._database.connection() as connection:
            cursor = await connection.execute(GRANTED, (account, PERMISSION[right], root))
            row = await cursor.fetchone()
        return bool(row and row[0])
