"""The running platform keeps every word of its OpenAPI document, whoever asks and whatever is sent.

Schemathesis derives requests from the document: examples, values at and beyond each border, and seeded random ones, valid
and not. Nothing may answer 5xx, or with a status, a media type or a body that the document does not declare.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import httpx
import polars as pl
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.openapi import media_type
from tests.contracts.tidying import tidy

from onecity.kernel.core.errors import MEDIA_TYPE
from onecity.kernel.people import demo
from onecity.kernel.telemetry.ingest.description import TAG as DOORS
from onecity.kernel.telemetry.ingest.formats import ARROW_TYPE
from onecity.project.stack.platform import Platform
from onecity.project.stack.postgres import Postgres

pytestmark = pytest.mark.stack
SEED = 20260701
RANDOM_EXAMPLES = 4
LINES_TYPE = "application/x-ndjson"
STATION = "fuzzed-station"
METHODS = ("get", "post", "put", "delete")
Document = dict[str, Any]

# valid by its schema and refused all the same, for a reason that a schema cannot tell
BY_MEANING = {
    "GET /api/cases": "the place in a list must be one that we gave",
    "GET /api/telemetry/latest": "at least one of several parameters is needed",
    "GET /api/telemetry/quarantine": "the place in a list must be one that we gave",
    "GET /api/telemetry/series": "an entity is named by id, URN or key",
    "POST /api/cases": "type and division must exist",
    "POST /api/cases/{case_id}/act": "a step may need a reason",
    "POST /api/rules/backtest": "a definition must make sense as a whole",
    "POST /api/telemetry/uploads": "the file must be a table whose columns are known",
    "POST /api/telemetry/uploads/preview": "the file must be a table",
    "POST /ingest": "the entity must exist",
    "POST /write": "the entity must exist",
    "POST /api/v2/write": "the entity must exist",
}
# what a reader tries first, so it must be shown
WITH_EXAMPLES = (
    "GET /api/places/locate",
    "GET /api/twin/entities",
    "GET /api/telemetry/latest",
    "POST /api/cases",
    "POST /api/cases/{case_id}/act",
    "POST /api/rules/backtest",
    "POST /ingest",
    "POST /api/v2/write",
)


@dataclass(frozen=True)
class Visitor:
    """Who asks, and the headers that prove it."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def base(platform: Platform) -> str:
    """The address, once the platform answers there."""
    deadline = monotonic() + 60
    while True:
        try:
            httpx.get(f"{platform.env.base_url}/health", timeout=10).raise_for_status()
        except (httpx.TransportError, httpx.HTTPStatusError):
            if monotonic() > deadline:
                raise
            sleep(0.1)
        else:
            return platform.env.base_url


@pytest.fixture(scope="module")
def document(base: str) -> Document:
    found: Document = httpx.get(f"{base}/api/openapi.json", timeout=30).raise_for_status().json()
    return found


@pytest.fixture(scope="module", autouse=True)
def _leave_as_found(platform: Platform) -> Iterator[None]:
    """What was made here goes again, so that other tests of the same platform meet what they expect."""
    with Postgres(platform.env.home).connect() as connection:
        ((since,),) = connection.execute("SELECT now()").fetchall()
    yield
    tidy(platform, since, STATION)


def sign_in(base: str, account: demo.DemoAccount) -> Visitor:
    """Sign in through the form of the page, as a browser does."""
    with httpx.Client(base_url=base, follow_redirects=True, timeout=30) as client:
        client.get("/accounts/login/")
        form = {"login": account.username, "password": account.password}
        form["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
        client.post("/accounts/login/", data=form, headers={"Referer": base}).raise_for_status()
        cookies = f"sessionid={client.cookies['sessionid']}; csrftoken={client.cookies['csrftoken']}"
        token = client.cookies["csrftoken"]
    return Visitor(account.username, {"Cookie": cookies, "X-CSRFToken": token, "Referer": base})


@pytest.fixture(scope="module")
def administrator(base: str) -> Visitor:
    return sign_in(base, demo.ADMIN)


@pytest.fixture(scope="module")
def device(platform: Platform) -> Visitor:
    """A station registered by the command that an installer uses, with its credential."""
    command = [sys.executable, "-m", "onecity.project.cli", "device", "add", STATION, "--type", "NoiseLevelObserved"]
    command += ["--key", STATION, "--lon", "121.4", "--lat", "30.9"]
    done = subprocess.run(command, env=platform.child_env("system"), capture_output=True, text=True, check=True)
    credential = next(line for line in done.stdout.splitlines() if "Bearer" in line).split("Bearer ")[1]
    return Visitor(STATION, {"Authorization": f"Bearer {credential.strip()}"})


# ---- bodies that are no JSON ----

readings = st.fixed_dictionaries(
    {
        "entity": st.sampled_from([STATION, "nowhere", "", "\0", "a" * 300]),
        "observed_at": st.sampled_from(["2026-07-01T08:00:00+08:00", "yesterday", 0, 1e300, -1, None]),
        "values": st.dictionaries(st.sampled_from(["laeq", "pm2_5", ""]), st.floats() | st.text() | st.none()),
    }
)
lines = st.lists(readings.map(json.dumps) | st.text(), min_size=1, max_size=5)
media_type(LINES_TYPE, lines.map(lambda found: "\n".join(found).encode()) | st.binary(max_size=200))
columns = st.sampled_from(
    [
        {"entity": [STATION], "attribute": ["laeq"], "value": [51.5], "observed_at": ["2026-07-01T08:00:00+08:00"]},
        {"entity": [STATION, "nowhere"], "observed_at": [1_782_864_000, -1], "laeq": [50.0, None]},
        {"entity": [1], "attribute": [None], "value": ["x"], "observed_at": [True]},
        {"something": ["else"]},
    ]
)


def _stream(found: Any) -> bytes:
    return pl.DataFrame(found).write_ipc_stream(None).getvalue()


whole = columns.map(_stream)
cut = st.tuples(whole, st.integers(0, 400)).map(lambda pair: pair[0][: pair[1]])
media_type(ARROW_TYPE, whole | cut | st.binary(max_size=200))


# ---- the run ----


def dated(operation: Document) -> bool:
    """Whether an operation takes days or moments, whose range and order a schema cannot tell."""
    return any(format_ in json.dumps(operation.get("parameters", [])) for format_ in ('"date"', '"date-time"'))


def settings(base: str, visitor: Visitor, document: Document, *, borders: bool) -> SchemathesisConfig:
    tolerant = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if dated(operation) or f"{method.upper()} {path}" in BY_MEANING
    ]
    refused = ["2xx", "400", "401", "403", "404", "409", "422", "429"]
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": base,
            "headers": visitor.headers,
            "continue-on-failure": True,
            "generation": {
                "max-examples": RANDOM_EXAMPLES,
                "deterministic": True,
                "no-shrink": True,
                "with-security-parameters": False,
                "database": "none",
            },
            "phases": {
                "coverage": {"enabled": borders, "unexpected-methods": []},
                "stateful": {"enabled": False},
            },
            # who may do what is the subject of test_authorisation
            "checks": {"ignored_auth": {"enabled": False}, "unsupported_method": {"enabled": False}},
            "operations": [
                {"include-name": name, "checks": {"positive_data_acceptance": {"expected-statuses": refused}}}
                for name in tolerant
            ],
        }
    )


def run(base: str, visitor: Visitor, document: Document, tags: set[str], *, borders: bool = False) -> None:
    """Ask every operation with one of the tags as this visitor; fails with every fault found."""
    configuration = settings(base, visitor, document, borders=borders)
    paths = {
        path: {method: operation for method, operation in methods.items() if tags & set(operation["tags"])}
        for path, methods in document["paths"].items()
    }
    part = document | {"paths": {path: methods for path, methods in paths.items() if methods}}
    chosen = schemathesis.openapi.from_dict(part, config=configuration)
    asked: set[str] = set()
    faults: list[str] = []
    for event in from_schema(chosen).execute():
        if isinstance(event, events.ScenarioFinished):
            if event.recorder.interactions:
                asked.add(str(event.label))
            faults += _faults(event)
        elif isinstance(event, events.NonFatalError):
            faults.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    assert not faults, f"{len(faults)} faults as {visitor.name}:\n" + "\n".join(dict.fromkeys(faults))
    assert asked == {f"{method.upper()} {path}" for path, method, _operation in operations(part)}


def _faults(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.status == Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                text = f"{failure.title}: {failure.message}"[:600]
                yield f"{event.label} ({event.phase.value}) {text}\n    {check.failure_info.code_sample[-600:]}"


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def tags(document: Document) -> set[str]:
    return {tag["name"] for tag in document["tags"]} - {DOORS}


def test_an_administrator_finds_no_operation_that_breaks_its_word(
    base: str, document: Document, administrator: Visitor
) -> None:
    run(base, administrator, document, tags(document), borders=True)


@pytest.mark.parametrize("account", [demo.TOWN_A, demo.RESIDENT], ids=lambda account: account.username)
def test_nor_does_a_town_or_a_resident(base: str, document: Document, account: demo.DemoAccount) -> None:
    run(base, sign_in(base, account), document, tags(document))


def test_nor_does_nobody(base: str, document: Document) -> None:
    run(base, Visitor("nobody"), document, tags(document) | {DOORS})


def test_nor_does_the_auditor_who_reads_the_trail(base: str, document: Document) -> None:
    run(base, sign_in(base, demo.AUDITOR), document, {"access"}, borders=True)


def test_nor_does_a_device(base: str, document: Document, device: Visitor) -> None:
    run(base, device, document, {DOORS}, borders=True)


# ---- what random requests do not reach ----


def test_a_reading_is_taken_in_every_form(platform: Platform, base: str, document: Document, device: Visitor) -> None:
    schema = schemathesis.openapi.from_dict(document)
    one = {"entity": STATION, "observed_at": "2026-07-01T08:00:00+08:00", "values": {"laeq": 51.5}}
    frame = {"entity": [STATION], "attribute": ["laeq"], "value": [50.0], "observed_at": ["2026-07-01T08:01:00+08:00"]}
    forms = {
        "application/json": json.dumps([one]).encode(),
        LINES_TYPE: f"{json.dumps(one)}\n{json.dumps(one | {'entity': 'nowhere'})}\n".encode(),
        ARROW_TYPE: _stream(frame),
    }
    for kind, body in forms.items():
        answer = httpx.post(f"{base}/ingest", content=body, headers=device.headers | {"Content-Type": kind})
        assert answer.status_code == 202, answer.text
        assert answer.json()["accepted"] == 1
        assert answer.json()["reasons"] == ({"unknown_entity": 1} if kind == LINES_TYPE else {})
        schema["/ingest"]["POST"].validate_response(answer)
    line = f"noise,entity={STATION} laeq=49.5 1782864120000000000"
    for path in ("/write", "/api/v2/write"):
        answer = httpx.post(base + path, content=line, headers=device.headers | {"Content-Type": "text/plain"})
        assert answer.status_code == 204, answer.text
        schema[path]["POST"].validate_response(answer)
    assert stored(platform) == {50.0: 1, 51.5: 1, 49.5: 1}  # what comes twice is kept once


def test_a_method_that_is_not_offered_is_refused_in_words(base: str, document: Document) -> None:
    with httpx.Client(base_url=base, timeout=30) as client:
        for path, methods in document["paths"].items():
            for method in set(METHODS) - set(methods):
                answer = client.request(method, path.replace("{", "").replace("}", ""))
                if answer.status_code == 404 and "{" in path:
                    continue  # a made-up id is no address; the others of this path were asked
                assert answer.status_code == 405, f"{method} {path}"
                assert answer.headers["Content-Type"] == MEDIA_TYPE
                assert {m.lower() for m in answer.headers["Allow"].split(", ")} - {"head", "options"} == set(methods)
                assert answer.json()["status"] == 405


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"type":', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"x", "multipart/form-data", 400),
        (b" " * (10 * 2**20 + 1), "application/json", 413),
    ],
    ids=["half", "bytes", "list", "form", "huge"],
)
def test_a_body_that_cannot_be_read_is_refused_in_words(
    base: str, document: Document, administrator: Visitor, body: bytes, kind: str, status: int
) -> None:
    takes = [(p, o) for p, m, o in operations(document) if m == "post" and DOORS not in o["tags"] and _reads(o, kind)]
    assert len(takes) >= 3
    for path, operation in takes:
        place = path.replace("{", "").replace("}", "")
        for parameter in operation["parameters"]:
            place = place.replace(parameter["name"], "01900000-0000-7000-8000-000000000000")
        answer = httpx.post(
            base + place, content=body, headers=administrator.headers | {"Content-Type": kind}, timeout=30
        )
        assert answer.status_code == status, f"{path}: {answer.text[:300]}"
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        assert str(status) in operation["responses"]


def _reads(operation: Document, kind: str) -> bool:
    """Whether a body of this kind is looked at: JSON by operations that take it, a form by all (it is refused as well)."""
    forms = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    return kind == "multipart/form-data" or not forms


def stored(platform: Platform) -> dict[float, int]:
    """How often each value of the station is stored, once all three moments are there."""
    query = """
        SELECT value, count(*) FROM telemetry_observation WHERE observed_at >= '2026-07-01' AND observed_at < '2026-07-02'
        AND series_id IN (SELECT id FROM telemetry_series WHERE entity_key = %s) GROUP BY value
    """
    deadline = monotonic() + 30
    found: dict[float, int] = {}
    with Postgres(platform.env.home).connect() as connection:
        connection.autocommit = True
        while len(found := dict(connection.execute(query, [STATION]).fetchall())) < 3 and monotonic() < deadline:
            sleep(0.05)
    return found


# ---- what the document itself says ----


def test_every_operation_is_told_in_words(document: Document) -> None:
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    identities = [operation["operationId"] for _path, _method, operation in operations(document)]
    assert len(identities) == len(set(identities))
    schemes = document["components"]["securitySchemes"]
    assert {"session", "token", "device"} <= set(schemes)
    for path, method, operation in operations(document):
        assert operation["summary"], f"{method} {path}"
        assert [described[tag] for tag in operation["tags"]], f"{method} {path}"
        assert {name for way in operation["security"] for name in way} <= set(schemes)
        answers = [a for s, a in operation["responses"].items() if s.startswith("2") and s != "204"]
        assert all(body["schema"] for a in answers for body in a["content"].values()), f"{method} {path}"


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_main_operations_come_with_an_example(document: Document, name: str) -> None:
    method, path = name.split()
    assert '"example' in json.dumps(document["paths"][path][method.lower()])
