"""Which tenants exist (4.14, 5.5.10): asked of the database, remembered once seen, since tenants are never removed."""

import re

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store.database import Database

NAME = re.compile(r"[A-Za-z0-9._~-]{1,100}\Z")
EXISTS = "SELECT 1 FROM twin_tenant WHERE name = %s"


class Tenants:
    """The tenants that this process has met."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] = set()

    async def check(self, name: str, *, may_be_new: bool) -> None:
        """Raises Problem 400 for what cannot name a tenant, 404 (NonexistentTenant) for one that does not exist."""
        if not name or name in self._known:
            return
        if not NAME.match(name):
            raise problems.bad_request(
                _("A tenant's name has 1 to 100 letters, digits and the characters . _ ~ - only.")
            )
        async with self._database.connection() as connection:
            cursor = await connection.execute(EXISTS, (name,))
            if await cursor.fetchone() is not None:
                self._known.add(name)
            elif not may_be_new:
                raise problems.problem("NonexistentTenant", _("There is no tenant {name}.", name=name))
