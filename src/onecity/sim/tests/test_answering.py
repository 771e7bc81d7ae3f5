"""Simulated devices carry out commands: they fetch what is announced to them, and take nothing else."""

import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from onecity.sim.answering import WITHOUT_ROOM, Unit
from onecity.sim.devices import Credentials

FILE = b"firmware 2"


class Shelf(BaseHTTPRequestHandler):
    """Gives the file to whoever names a device."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization", "").startswith("Bearer ") and self.path == "/file"
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(FILE if known else b"")

    def log_message(self, *_arguments: object) -> None:
        """Nothing is to be said of it."""


@pytest.fixture
def shelf() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def unit(room: bool = True) -> Unit:
    number = 0
    while True:
        made = Unit(Credentials(uuid.UUID(int=number), "secret"))
        if (made.mark % WITHOUT_ROOM != 0) is room:
            return made
        number += 1


def said(device: Unit, name: str, **payload: Any) -> tuple[bool, dict[str, Any]]:
    answer = json.loads(device.answer(json.dumps({"id": "c1", "name": name, "payload": payload}).encode()))
    assert answer["id"] == "c1"
    return answer["ok"], answer["result"]


def test_it_updates_itself_and_says_so_afterwards(shelf: str) -> None:
    device = unit()
    digest = hashlib.sha256(FILE).hexdigest()
    update = {"kind": "firmware", "version": "2.0", "url": f"{shelf}/file", "sha256": digest}
    assert said(device, "update", **update) == (True, {"version": "2.0", "bytes": len(FILE)})
    ok, state = said(device, "status")
    assert ok
    assert state["firmware"] == "2.0"
    assert 60 <= state["battery"] < 100


def test_what_is_not_as_announced_is_not_taken(shelf: str) -> None:
    device = unit()
    assert said(device, "update", url=f"{shelf}/file", sha256="0") == (False, {"reason": "the hash differs"})
    assert said(device, "update", url=f"{shelf}/gone", sha256="0") == (False, {"reason": "not fetched: 404"})
    assert not said(device, "update", url="nonsense", sha256="0")[0]
    assert device.versions == {}


def test_one_has_no_room_and_nobody_knows_all_words() -> None:
    assert said(unit(room=False), "update") == (False, {"reason": "no space"})
    assert said(unit(), "dance") == (False, {"reason": "unknown command"})
    assert said(unit(), "reboot") == (True, {"uptime": 0})
