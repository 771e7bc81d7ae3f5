"""Reading SensorThings: addresses are paths through the sets (OGC 18-088, 9.2), answers JSON with links to more."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from onecity.kernel.access.policy import Principal
from onecity.kernel.core.errors import MEDIA_TYPE, Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import PUBLIC, mark
from onecity.kernel.telemetry import quarantine, sending
from onecity.kernel.telemetry.ingest import sign_in
from onecity.kernel.twin.sensorthings import batch, door, observations, options, sets
from onecity.kernel.twin.sensorthings.batch import Answered, Asked
from onecity.kernel.twin.sensorthings.filtering import unsupported
from onecity.kernel.twin.sensorthings.options import Options
from onecity.kernel.twin.sensorthings.sets import LINKS, Page, Row

PREFIX = "/sta/v1.1"
STEP = re.compile(r"(?P<name>[A-Za-z$]+)(?:\((?P<key>'[^']{1,200}'|[^()']{1,200})\))?\Z")
SPEC = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
CONFORMANCE = (
    "datamodel", "resource-path/resource-path-to-entities", "request-data/order", "request-data/select",
    "request-data/expand", "request-data/top", "request-data/skip", "request-data/count", "request-data/filter",
    "request-data/built-in-filter-operations", "request-data/pagination", "batch-request/batch-request", "data-array/data-array",
)  # fmt: skip
SINGLE = {"Thing", "Sensor", "ObservedProperty", "Datastream", "FeatureOfInterest"}


@csrf_exempt
def serve(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answer one request; everything may be read by whoever may see the entity, nothing is changed here."""
    try:
        if path == "$batch" and request.method == "POST":
            kind, body = batch.serve(request.body, request.headers.get("Content-Type", ""), _Batch(request).answer)
            return HttpResponse(body, content_type=kind)
        _check_method(request.method or "", path)
        answer = _Reader(request).answer(path.strip("/"))
    except Problem as problem:
        return JsonResponse(problem.to_dict(request.path), status=problem.status, content_type=MEDIA_TYPE)
    if isinstance(answer, str):
        return HttpResponse(answer, content_type="text/plain; charset=utf-8")
    return JsonResponse(answer, json_dumps_params={"ensure_ascii": False})


mark(serve, PUBLIC)


def _check_method(method: str, path: str) -> None:
    if method in {"GET", "HEAD"}:
        return
    if not path:
        title = _("This address does not offer that method")
        raise Problem("method_not_allowed", title, status=405)
    raise unsupported(f"{method} {PREFIX}/{path}"[:200])


class _Reader:
    """Follows one path."""

    def __init__(self, request: HttpRequest) -> None:
        self.principal: Principal = request.user if request.user.is_authenticated else None
        self.base = request.build_absolute_uri(PREFIX)
        self.pairs = [(name, value) for name, values in request.GET.lists() for value in values]

    def answer(self, path: str) -> Row | str:
        if not path:
            return self.root()
        wanted = options.read(self.pairs)
        if path.endswith("/$ref"):
            path, wanted.reference = path.removesuffix("/$ref"), True
        return self.follow(path, wanted)

    def follow(self, path: str, wanted: Options) -> Row | str:
        """What stands at the end of a path."""
        steps = path.split("/")
        name, key = _step(steps[0])
        if name not in LINKS:
            raise sets.none_such()
        scope: Mapping[str, Any] = {}
        for at, step in enumerate(steps[1:], 1):
            if key is None:
                raise _path(step)
            row = self.one(name, key, scope)
            link, next_key = _step(step)
            if link not in LINKS[name]:
                return self.inside(row, steps[at:])
            scope = self.scope(LINKS[name][link], name, row)
            name, key = LINKS[name][link], next_key
            if link in SINGLE and key is None:
                key = self.first(name, scope)
        if key is not None:
            return self.dressed(name, self.one(name, key, scope), wanted)
        return self.listed(name, scope, wanted, f"{self.base}/{path}")

    def root(self) -> Row:
        """Addresses of the sets, and what this service conforms to."""
        listed = [{"name": name, "url": f"{self.base}/{name}"} for name in LINKS]
        create = {
            "create-observations-via-http": {
                "endpoints": [f"{self.base}/Observations", f"{self.base}/CreateObservations"]
            }
        }
        settings = {"conformance": [SPEC + name for name in CONFORMANCE], **create}
        return {"value": listed, "serverSettings": settings}

    def one(self, name: str, key: str, scope: Mapping[str, Any]) -> Row:
        """One row by its key. Raises Problem 404."""
        if name == "Observations":
            return observations.one(self.principal, key)
        if name == "Sensors":
            rows = sets.page(name, self.principal, {**scope, "type": key}, Options()).rows
        elif name == "ObservedProperties":
            kind, _dot, attribute = key.partition(".")
            rows = sets.page(name, self.principal, {"type": kind, "attribute": attribute}, Options()).rows
        else:
            number = key.isdigit() and len(key) < 10
            if (name == "Datastreams") != number or (not number and parse_id(key) is None):
                raise sets.none_such()
            rows = sets.page(name, self.principal, {**scope, "id": key}, Options()).rows
        if not rows:
            raise sets.none_such()
        return rows[0]

    def first(self, name: str, scope: Mapping[str, Any]) -> str:
        rows = sets.page(name, self.principal, scope, Options(top=1)).rows
        if not rows:
            raise sets.none_such()
        return str(rows[0]["@iot.id"])

    def scope(self, target: str, source: str, row: Row) -> Mapping[str, Any]:
        key = row["@iot.id"]
        if source == "Observations":
            series = int(str(key).partition("~")[0])
            if target == "Datastreams":
                return {"id": series}
            stream = self.one("Datastreams", str(series), {})
            return {"id": stream["properties"]["thing"]}
        return sets.scope_of(target, source, key, row)

    def page(self, name: str, scope: Mapping[str, Any], wanted: Options) -> Page:
        if wanted.after.startswith("skip:") and wanted.after[5:].isdigit():
            wanted.skip, wanted.after = min(int(wanted.after[5:]), options.MOST_SKIP), ""
        if name == "Observations":
            return observations.page(self.principal, scope, wanted)
        return sets.page(name, self.principal, scope, wanted)

    def listed(self, name: str, scope: Mapping[str, Any], wanted: Options, url: str) -> Row:
        found = self.page(name, scope, wanted)
        answer: Row = {} if found.count is None else {"@iot.count": found.count}
        if found.after:
            kept = [(n, v) for n, v in self.pairs if n not in {"$skiptoken", "$skip"}]
            answer["@iot.nextLink"] = f"{url}?{urlencode([*kept, ('$skiptoken', found.after)])}"
        if wanted.data_array and not wanted.reference and name == "Observations":
            return answer | {"value": self.arrays(found)}
        return answer | {"value": [self.dressed(name, row, wanted) for row in found.rows]}

    def arrays(self, found: Page) -> list[Row]:
        """Observations as the data array extension has them (OGC 18-088, 13.2)."""
        groups: dict[str, list[list[Any]]] = {}
        names = ["id", "phenomenonTime", "resultTime", "result"]
        for row in found.rows:
            series = str(row["@iot.id"]).partition("~")[0]
            groups.setdefault(series, []).append([row["@iot.id"], *(row[name] for name in names[1:])])
        return [
            {
                "Datastream@iot.navigationLink": f"{self.base}/Datastreams({series})",
                "components": names,
                "dataArray@iot.count": len(rows),
                "dataArray": rows,
            }
            for series, rows in groups.items()
        ]

    def dressed(self, name: str, row: Row, wanted: Options) -> Row:
        """A row with its links, expanded and reduced as asked for."""
        own = f"{self.base}/{name}({_quoted(row['@iot.id'])})"
        if wanted.reference:
            return {"@iot.selfLink": own}
        full: Row = {"@iot.id": row["@iot.id"], "@iot.selfLink": own}
        chosen = set(wanted.select)
        full |= {k: v for k, v in row.items() if k != "@iot.id" and (not chosen or k in chosen)}
        for link, target in LINKS[name].items():
            inner = wanted.expand.get(link)
            if inner is not None:
                full[link] = self.expanded(link, target, name, row, inner)
            elif not chosen or link in chosen:
                full[f"{link}@iot.navigationLink"] = f"{own}/{link}"
        if unknown := [link for link in wanted.expand if link not in LINKS[name]]:
            raise Problem("sensorthings-query", _("There is no such link to expand"), status=400, detail=unknown[0])
        return full

    def expanded(self, link: str, target: str, source: str, row: Row, wanted: Options) -> Any:
        scope = self.scope(target, source, row)
        rows = [self.dressed(target, found, wanted) for found in self.page(target, scope, wanted).rows]
        return (rows[0] if rows else None) if link in SINGLE else rows

    def inside(self, row: Row, steps: list[str]) -> Row | str:
        """A property of a row, or its bare value."""
        if len(steps) > 2 or steps[0] not in row or (len(steps) == 2 and steps[1] != "$value"):
            raise _path(steps[0])
        value = row[steps[0]]
        if len(steps) == 1:
            return {steps[0]: value}
        return str(value) if not isinstance(value, dict) else JsonResponse(value).content.decode()


class _Batch:
    """Answers the requests of one batch: reading as the asker, writing as the device of its credential."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def answer(self, asked: Sequence[Asked]) -> list[Answered]:
        """Requests that belong together: all are read before one is taken."""
        try:
            steps = [self.prepare(one) for one in asked]
            return [self.told(step) for step in steps]
        except Problem as problem:
            return [_problem(problem, one.url) for one in asked]

    def prepare(self, one: Asked) -> Callable[[], Answered]:
        """What answering a request needs; raises Problem where it cannot be read."""
        parts = urlsplit(one.url)
        path = parts.path.removeprefix(self.request.build_absolute_uri("/")).removeprefix(PREFIX).strip("/")
        if one.method == "GET":
            pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50)
            return lambda: self.read(path, pairs)
        if one.method != "POST" or not path.endswith(("Observations", "CreateObservations")):
            raise unsupported(f"{one.method} {one.url}"[:200])
        catalogue = quarantine.known_catalogue()
        device = sign_in.device(catalogue, self.request.headers.get("Authorization", ""))
        given = door.take(f"{PREFIX}/{path}", one.body, catalogue, device)
        return lambda: self.write(given)

    def told(self, step: Callable[[], Answered]) -> Answered:
        """Answer one; a problem of its own is its answer."""
        try:
            return step()
        except Problem as problem:
            return _problem(problem, self.request.path)

    def read(self, path: str, pairs: list[tuple[str, str]]) -> Answered:
        """One row, set or value."""
        reader = _Reader(self.request)
        reader.pairs = pairs
        found = reader.answer(path)
        return Answered(200, msgspec.json.encode(found))

    def write(self, given: door.Given) -> Answered:
        """Have observations in the log."""
        sending.send(door.WAY, given.batch, given.refused)
        answer = door.told(given)
        return Answered(answer.status, answer.body, answer.headers)


def _problem(problem: Problem, place: str) -> Answered:
    body = msgspec.json.encode(problem.to_dict(place))
    return Answered(problem.status, body, {"Content-Type": MEDIA_TYPE})


def _step(text: str) -> tuple[str, str | None]:
    match = STEP.match(text)
    if match is None:
        raise _path(text)
    key = match["key"]
    return match["name"], None if key is None else key.strip("'")


def _path(text: str) -> Problem:
    return Problem("sensorthings-unknown", _("There is no such address"), status=404, detail=text[:100])


def _quoted(key: object) -> str:
    return str(key) if isinstance(key, int) else f"'{key}'"
