"""A case is a list of steps; each says a request, the status that must come, and what must hold of the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client

Body = dict[str, Any]
AT = "2026-03-01T12:00:00Z"


@dataclass(frozen=True)
class Step:
    """`error`: the last part of the type of the problem that must be told; `holds`: of the JSON that came, where any."""

    request: str
    status: int
    body: Any = None
    holds: Callable[[Any], bool] | None = None
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str | None] = field(default_factory=dict)


def prop(value: Any, **more: Any) -> Body:
    """A Property."""
    return {"type": "Property", "value": value, **more}


def rel(target: str) -> Body:
    """A Relationship."""
    return {"type": "Relationship", "object": target}


def point(lon: float, lat: float, **more: Any) -> Body:
    """A GeoProperty that is a point."""
    return {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [lon, lat]}, **more}


def bench(key: str = "1", **more: Any) -> Body:
    """An entity: a bench in a park."""
    return {"id": f"urn:ngsi-ld:Bench:{key}", "type": "Bench", **more}


def make(key: str = "1", **more: Any) -> Step:
    """Create a bench."""
    return Step("POST /entities", 201, bench(key, **more))


def refused(request: str, *bodies: Any, error: str = "BadRequestData") -> list[Step]:
    """The same request with bodies that are all wrong."""
    return [Step(request, 400, body, error=error) for body in bodies or (None,)]


def get(path: str, holds: Callable[[Any], bool] | None = None, status: int = 200, **headers: str) -> Step:
    """Read something."""
    return Step(f"GET {path}", status, None, holds, headers=headers)


def fault(step: Step, answer: Answer) -> str:
    """What is wrong with an answer; "" where nothing is."""
    if answer.status != step.status:
        return f"{answer.status} instead of {step.status}"
    if step.error and not answer.json()["type"].endswith(f"/errors/{step.error}"):
        return f"{answer.json()['type']} instead of {step.error}"
    for name, value in step.told.items():
        if answer.header(name) != value:
            return f"{name} is {answer.header(name)!r} instead of {value!r}"
    if step.holds is not None and not step.holds(answer.json()):
        return "something else came"
    return ""


def faults(ngsi: Client, cases: Mapping[str, Sequence[Step]]) -> list[str]:
    """Everything that is wrong: each case has a tenant of its own, made by an entity that no case looks at."""
    found = []
    for number, (name, steps) in enumerate(cases.items()):
        tenant = f"case{number}"
        ngsi("POST", "/entities", {"id": "urn:ngsi-ld:Tenant:1", "type": "Tenant"}, ngsild_tenant=tenant)
        for step in steps:
            method, path = step.request.split(" ", 1)
            headers: Body = {"ngsild_tenant": tenant, **step.headers}
            answer = ngsi(method, path, step.body, **headers)
            if wrong := fault(step, answer):
                found.append(f"{name}: {step.request} {step.body}: {wrong}: {answer.body[:300]!r}")
    return found
