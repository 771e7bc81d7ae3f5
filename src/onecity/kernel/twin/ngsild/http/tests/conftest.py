"""A client that speaks to the ASGI application directly, as the web's role."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.ingest import app as ingest
from onecity.kernel.twin.ngsild.http.app import make

CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


class Client:
    """Sends requests one after another in one event loop."""

    def __init__(self) -> None:
        self.app = make(database_parameters() | {"options": "-c role=onecity_app"})
        self._runner = asyncio.Runner()

    def __call__(self, method: str, path: str, json: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        body = raw if raw is not None else b"" if json is None else msgspec.json.encode(json)
        sent = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        if method in {"POST", "PATCH", "PUT"} or body:
            sent = {"content-length": str(len(body)), "content-type": "application/json"} | sent
        sent = {name: value for name, value in sent.items() if value}
        return self._runner.run(self.send(method, path, body, sent))

    async def send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
        path, _mark, query = ("/ngsi-ld/v1" + target).partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        head, last = sent
        return Answer(head["status"], [(k.decode(), v.decode("latin-1")) for k, v in head["headers"]], last["body"])

    def close(self) -> None:
        self._runner.run(self.app.close())
        self._runner.run(ingest.stop())
        self._runner.close()


@pytest.fixture
def ngsi(transactional_db: None, settings: LazySettings) -> Iterator[Client]:
    """The door, open to everybody on this machine, over an empty database."""
    settings.ONECITY_NGSI_LD_ANONYMOUS = "write"
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_change, twin_census")
    client = Client()
    yield client
    client.close()
