"""Reading SensorThings: addresses are paths through the sets (OGC 18-088, 9.2), answers JSON with links to more."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.twin.sensorthings import observations, options, sets
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.features import Book
from onecity.kernel.twin.sensorthings.options import Options
from onecity.kernel.twin.sensorthings.sets import LINKS, SINGLE, Page, Row

PREFIX = "/sta/v1.1"
STEP = re.compile(r"(?P<name>[A-Za-z$]+)(?:\((?P<key>'[^']{1,200}'|[^()']{1,200})\))?\Z")
SPEC = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
CONFORMANCE = (
    "datamodel", "create-update-delete/create-entity", "create-update-delete/link-to-existing-entities",
    "create-update-delete/deep-insert", "create-update-delete/deep-insert-status-code",
    "create-update-delete/update-entity", "create-update-delete/update-entity-put",
    "create-update-delete/delete-entity", "resource-path/resource-path-to-entities", "request-data/order", "request-data/select",
    "request-data/expand", "request-data/top", "request-data/skip", "request-data/count", "request-data/filter",
    "request-data/built-in-filter-operations", "request-data/pagination", "batch-request/batch-request", "data-array/data-array",
)  # fmt: skip


class Reader:
    """Follows one path."""

    def __init__(self, request: HttpRequest, asker: Asker) -> None:
        self.asker = asker
        self.base = request.build_absolute_uri(PREFIX)
        self.book = Book()
        self.pairs = [(name, value) for name, values in request.GET.lists() for value in values]

    def answer(self, path: str) -> Row | str:
        """What an address gives: a row, a page of a set, or a bare value. Raises Problem."""
        if not path:
            return self.root()
        wanted = options.read(self.pairs)
        if path.endswith("/$ref"):
            path, wanted.reference = path.removesuffix("/$ref"), True
        return self.follow(path, wanted)

    def follow(self, path: str, wanted: Options) -> Row | str:
        """What stands at the end of a path."""
        name, key, scope, rest = self.walk(path)
        if rest and key is not None:
            return self.inside(self.one(name, key, scope), rest)
        if key is not None:
            return self.dressed(name, self.one(name, key, scope), wanted)
        return self.listed(name, scope, wanted, f"{self.base}/{path}")

    def walk(self, path: str) -> tuple[str, str | None, Mapping[str, Any], list[str]]:
        """The set, key (None: all of the set) and scope at a path's end, and the steps into a row that are left."""
        steps = path.split("/")
        name, key = step_of(steps[0])
        if name not in LINKS:
            raise sets.none_such()
        scope: Mapping[str, Any] = {}
        for at, step in enumerate(steps[1:], 1):
            if key is None:
                raise no_path(step)
            link, next_key = step_of(step)
            if link not in LINKS[name]:
                return name, key, scope, steps[at:]
            scope = self.scope(LINKS[name][link], name, self.one(name, key, scope))
            name, key = LINKS[name][link], next_key
            if link in SINGLE and key is None:
                key = self.first(name, scope)
        return name, key, scope, []

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
            return observations.one(self.asker, key)
        if name in sets.SOURCES:
            rows = sets.page(name, self.asker, sets.key_scope(name, key), Options()).rows
        else:
            number = key.isdigit() and len(key) < 10
            if (name == "Datastreams") != number or (not number and parse_id(key) is None):
                raise sets.none_such()
            if str(scope.get("id", key)) != str(key):
                raise sets.none_such()
            rows = sets.page(name, self.asker, {**scope, "id": key}, Options()).rows
        if not rows:
            raise sets.none_such()
        return rows[0]

    def first(self, name: str, scope: Mapping[str, Any]) -> str:
        """The key of the one row that a link leads to. Raises Problem 404."""
        rows = sets.page(name, self.asker, scope, Options(top=1)).rows
        if not rows:
            raise sets.none_such()
        return str(rows[0]["@iot.id"])

    def scope(self, target: str, source: str, row: Row) -> Mapping[str, Any]:
        """What narrows a set that is reached from a row."""
        key = row["@iot.id"]
        if source == "Observations":
            series = int(str(key).partition("~")[0])
            if target == "Datastreams":
                return {"id": series}
            return {"id": self.book.of(*(observations.parse_id(str(key)) or (0, 0)), row["_feature"])}
        return sets.scope_of(target, source, key, row)

    def page(self, name: str, scope: Mapping[str, Any], wanted: Options) -> Page:
        """A page of a set. Raises Problem 400 and 501."""
        if wanted.after.startswith("skip:") and wanted.after[5:].isdigit():
            wanted.skip, wanted.after = min(int(wanted.after[5:]), options.MOST_SKIP), ""
        if name == "Observations":
            return observations.page(self.asker, scope, wanted, self.book)
        return sets.page(name, self.asker, scope, wanted)

    def listed(self, name: str, scope: Mapping[str, Any], wanted: Options, url: str) -> Row:
        """A page of a set as it is answered."""
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
        own = f"{self.base}/{name}({quoted(row['@iot.id'])})"
        if wanted.reference:
            return {"@iot.selfLink": own}
        full: Row = {"@iot.id": row["@iot.id"], "@iot.selfLink": own}
        chosen = set(wanted.select)
        full |= {k: v for k, v in row.items() if k[0] not in "@_" and (not chosen or k in chosen)}
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
        """What a link of a row leads to."""
        scope = self.scope(target, source, row)
        rows = [self.dressed(target, found, wanted) for found in self.page(target, scope, wanted).rows]
        return (rows[0] if rows else None) if link in SINGLE else rows

    def inside(self, row: Row, steps: list[str]) -> Row | str:
        """A property of a row, or its bare value."""
        if len(steps) > 2 or steps[0] not in row or steps[0][0] == "_" or (len(steps) == 2 and steps[1] != "$value"):
            raise no_path(steps[0])
        value = row[steps[0]]
        if len(steps) == 1:
            return {steps[0]: value}
        return str(value) if not isinstance(value, dict) else JsonResponse(value).content.decode()


def step_of(text: str) -> tuple[str, str | None]:
    """Name and key of one step of a path. Raises Problem 404."""
    match = STEP.match(text)
    if match is None:
        raise no_path(text)
    key = match["key"]
    return match["name"], None if key is None else key.strip("'")


def no_path(text: str) -> Problem:
    """The answer to an address that is none."""
    return Problem("sensorthings-unknown", _("There is no such address"), status=404, detail=text[:100])


def quoted(key: object) -> str:
    """A key as addresses have it."""
    return str(key) if isinstance(key, int) else f"'{key}'"
