"""What simulated devices do when they are given a command: say how they are, update themselves, or refuse."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from onecity.sim.devices import Credentials

# one device in so many has no room for a new firmware, so that a roll-out meets a failure
WITHOUT_ROOM = 37
LONGEST_FETCH_S = 60.0

Said = dict[str, Any]


class Unit:
    """The inside of one simulated device: since when it runs, and what it runs."""

    def __init__(self, sender: Credentials) -> None:
        self.sender = sender
        self.since = time.monotonic()
        self.versions: dict[str, str] = {}

    @property
    def mark(self) -> int:
        """A number of its own that never changes."""
        return int.from_bytes(hashlib.sha256(self.sender.device_id.bytes).digest()[:4], "big")

    def answer(self, message: bytes) -> bytes:
        """The acknowledgement of a command as it came, in the form that the platform reads."""
        command = msgspec.json.decode(message, type=dict[str, Any])
        acts = {"status": self._status, "reboot": self._reboot, "update": self._update}
        act = acts.get(str(command.get("name")))
        ok, result = act(command.get("payload") or {}) if act else (False, {"reason": "unknown command"})
        return msgspec.json.encode({"id": command["id"], "ok": ok, "result": result})

    def _status(self, _payload: Mapping[str, Any]) -> tuple[bool, Said]:
        battery = 60 + self.mark % 40
        uptime = round(time.monotonic() - self.since)
        return True, {"uptime": uptime, "battery": battery, "rssi": -60 - self.mark % 45, **self.versions}

    def _reboot(self, _payload: Mapping[str, Any]) -> tuple[bool, Said]:
        self.since = time.monotonic()
        return True, {"uptime": 0}

    def _update(self, payload: Mapping[str, Any]) -> tuple[bool, Said]:
        """Fetch the file with its own credential, and take it only when it is what was announced."""
        if self.mark % WITHOUT_ROOM == 0:
            return False, {"reason": "no space"}
        headers = {"Authorization": f"Bearer {self.sender.token}"}
        try:
            reply = httpx.get(str(payload.get("url")), headers=headers, timeout=LONGEST_FETCH_S)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return False, {"reason": f"not fetched: {type(error).__name__}"}
        if not reply.is_success:
            return False, {"reason": f"not fetched: {reply.status_code}"}
        if hashlib.sha256(reply.content).hexdigest() != payload.get("sha256"):
            return False, {"reason": "the hash differs"}
        self.versions[str(payload.get("kind"))] = str(payload.get("version"))
        self.since = time.monotonic()
        return True, {"version": payload.get("version"), "bytes": len(reply.content)}
