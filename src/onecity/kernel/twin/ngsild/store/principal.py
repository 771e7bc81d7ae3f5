"""On whose behalf the store is read and written: an account with its grants, or a scope that was given otherwise."""

from dataclasses import dataclass
from uuid import UUID

from onecity.kernel.access.session import SETTING

EVERYWHERE = ("",)
NOTHING: tuple[str, ...] = ()
SEEN, WRITTEN = "onecity.entities_seen", "onecity.entities_written"
# one statement for all three, so that no setting of the one before can be left behind
SET = f"SELECT set_config('{SETTING}', %s, true), set_config('{SEEN}', %s, true), set_config('{WRITTEN}', %s, true)"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `account_id`: the grants of this account hold; `seen`, `written`: division paths that hold beside them.

    A device has its division in both; the anonymous visitor of a demonstration `("",)`, which is everywhere.
    `division`: where something new belongs that has no place of its own.
    """

    account_id: UUID | None = None
    seen: tuple[str, ...] = NOTHING
    written: tuple[str, ...] = NOTHING
    division: str = ""
    name: str = ""

    def settings(self) -> tuple[str, str, str]:
        """The parameters of `SET`."""
        account = "" if self.account_id is None else str(self.account_id)
        return account, _lines(self.seen), _lines(self.written)


# the platform itself, where it acts for nobody in particular; only on connections that row-level security does not bind
SYSTEM = Principal(seen=EVERYWHERE, written=EVERYWHERE, name="system")


def _lines(paths: tuple[str, ...]) -> str:
    return "\n".join(f"={path}" for path in paths)
