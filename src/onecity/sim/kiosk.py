"""A terminal without hardware: its program says that all is well, reports cards that are laid on, prints into a folder.

It speaks to the platform through the same door as the program on a real machine, over HTTP with the machine's secret.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

VERSION = "simulated 1"
SHEETS = 500


@dataclass
class SimulatedTerminal:
    """One machine: `secret` as the desk showed it, `folder` for what it prints, and how its parts are."""

    client: httpx.Client
    secret: str
    folder: Path
    reader: str = "ok"
    printer: str = "ok"
    sheets: int = SHEETS
    printed: list[UUID] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Say how the machine is; returns its name and what it offers."""
        said = {
            "version": VERSION, "reader": self.reader, "printer": self.printer,
            "paper_percent": round(100 * self.sheets / SHEETS),
        }  # fmt: skip
        return self._post("state", said)

    def lay(self, number: str, name: str) -> None:
        """Lay a card on the reader; raises httpx.HTTPStatusError for one that is refused."""
        self._post("card", {"number": number, "name": name})

    def print_waiting(self) -> int:
        """Print everything that waits, or say why not; returns how many came out."""
        waiting = self.client.get("/kiosk/agent/jobs", headers=self._headers()).raise_for_status().json()["jobs"]
        return sum(self._print(UUID(job["id"])) for job in waiting)

    def _print(self, job: UUID) -> bool:
        if self.printer != "ok" or self.sheets == 0:
            self._post(f"jobs/{job}/ended", {"printed": False, "reason": "printer"})
            return False
        document = self.client.get(f"/kiosk/agent/jobs/{job}/document", headers=self._headers()).raise_for_status()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{job}.pdf").write_bytes(document.content)
        self.sheets -= 1
        self.printed.append(job)
        self._post(f"jobs/{job}/ended", {"printed": True})
        return True

    def _post(self, what: str, said: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(f"/kiosk/agent/{what}", json=said, headers=self._headers()).raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}
