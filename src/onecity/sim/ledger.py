"""What a replay has done so far, kept in a small file so that a broken run goes on where it stopped."""

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from onecity.kernel.core.ids import new_id


@dataclass(slots=True)
class Ledger:
    """One replay of one file: how times are shifted, what is acknowledged, and what the store held before.

    `sent` counts readings in order of time that the gateway acknowledged; `repeated` those that may have arrived twice
    because a run broke between sending and noting down.
    """

    path: Path
    shift_seconds: int
    run: str = field(default_factory=lambda: str(new_id()))
    sent: int = 0
    repeated: int = 0
    accepted: int = 0
    refused: int = 0
    stored_before: int = 0
    quarantined_before: int = 0
    complete: bool = False

    @classmethod
    def resume(cls, home: Path, file: Path, facts: tuple[str, ...]) -> "Ledger | None":
        """Give the ledger of an unfinished replay of the same file in the same way, if there is one."""
        path = place(home, file, facts)
        if not path.exists():
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        ledger = cls(path=path, **kept)
        return None if ledger.complete else ledger

    def save(self) -> None:
        """Write it down before anything further is sent."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in asdict(self).items() if name != "path"}
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(kept), encoding="utf-8")
        draft.replace(self.path)

    @property
    def shift(self) -> dt.timedelta:
        """By how much times are moved."""
        return dt.timedelta(seconds=self.shift_seconds)


def place(home: Path, file: Path, facts: tuple[str, ...]) -> Path:
    """Where the ledger of a file lies: named by the file's content and the way it is replayed."""
    digest = hashlib.sha256(file.read_bytes())
    digest.update("\0".join(facts).encode())
    return home / "replay" / f"{digest.hexdigest()[:32]}.json"
