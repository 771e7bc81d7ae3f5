"""Histories against a model that does one write after another, and hostile input."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.temporal.tests.conftest import Client

NAMES = ("speed", "level")
SETS = ("", "urn:d:1")
numbers = itertools.count(1)


def at(minute: int) -> str:
    return f"2026-07-01T08:{minute:02}:00Z"


@dataclass
class Fact:
    """One instance that must be there."""

    name: str
    dataset: str
    minute: int
    value: int
    brought: bool  # through the temporal door


@dataclass
class Model:
    """The history as a list, one write after another."""

    facts: list[Fact] = field(default_factory=list)
    alive: bool = False
    attributes: set[str] = field(default_factory=set)

    def bring(self, name: str, dataset: str, minute: int, value: int) -> None:
        for fact in self.facts:
            if fact.brought and (fact.name, fact.dataset, fact.minute) == (name, dataset, minute):
                fact.value = value
                return
        self.facts.append(Fact(name, dataset, minute, value, brought=True))

    def inside(self, first: int, last: int) -> list[tuple[str, str, int, int]]:
        return sorted((f.name, f.dataset, f.minute, f.value) for f in self.facts if first <= f.minute < last)


writes = st.tuples(
    st.sampled_from(
        ["bring", "bring", "create", "patch", "patch", "append", "drop", "correct", "take", "erase", "delete", "forget"]
    ),
    st.sampled_from(NAMES),
    st.sampled_from(SETS),
    st.integers(0, 9),
)
spans = st.tuples(st.integers(0, 9), st.integers(1, 10))


def instance(value: int, minute: int, dataset: str) -> dict[str, Any]:
    one = {"type": "Property", "value": value, "observedAt": at(minute)}
    return one | ({"datasetId": dataset} if dataset else {})


def facts(client: Client, urn: str, query: str = "") -> list[tuple[str, str, int, int, str]]:
    """What the door says is there: name, data set, minute, value, identifier."""
    answer = client("GET", f"/temporal/entities/{urn}?{query}")
    if answer.status == 404:
        return []
    assert answer.status == 200, answer.body
    body = answer.json()
    return sorted(
        (name, one.get("datasetId", ""), int(one["observedAt"][14:16]), one["value"], one["instanceId"])
        for name in NAMES
        for one in body.get(name, ())
        if one["value"] != "urn:ngsi-ld:null"
    )


class Run:
    """One sequence of writes, done to the door and to the model."""

    def __init__(self, client: Client, urn: str) -> None:
        self.client, self.urn, self.model = client, urn, Model()
        self.temporal = f"/temporal/entities/{urn}"
        self.entity = f"/entities/{urn}"
        self.value = 0

    def step(self, what: str, name: str, dataset: str, minute: int) -> None:
        self.value += 1
        getattr(self, what)(name, dataset, minute)

    def bring(self, name: str, dataset: str, minute: int) -> None:
        body = {"id": self.urn, "type": "T", name: [instance(self.value, minute, dataset)]}
        assert self.client("POST", "/temporal/entities", body).status in {201, 204}
        self.model.bring(name, dataset, minute, self.value)

    def create(self, name: str, dataset: str, minute: int) -> None:
        body = {"id": self.urn, "type": "T", name: instance(self.value, minute, dataset)}
        made = self.client("POST", "/entities", body).status
        assert made == (409 if self.model.alive else 201)
        if made == 201:
            self.model.alive, self.model.attributes = True, {(name + dataset)}
            self.model.facts.append(Fact(name, dataset, minute, self.value, brought=False))

    def patch(self, name: str, dataset: str, minute: int) -> None:
        self._write(f"{self.entity}/attrs", name, dataset, minute)

    def append(self, name: str, dataset: str, minute: int) -> None:
        self._write(f"{self.entity}/attrs", name, dataset, minute, method="POST")

    def _write(self, path: str, name: str, dataset: str, minute: int, method: str = "PATCH") -> None:
        status = self.client(method, path, {name: instance(self.value, minute, dataset)}).status
        assert status == (204 if self.model.alive else 404)
        if status == 204:
            self.model.attributes.add(name + dataset)
            self.model.facts.append(Fact(name, dataset, minute, self.value, brought=False))

    def drop(self, name: str, dataset: str, minute: int) -> None:
        query = f"?datasetId={dataset}" if dataset else ""
        status = self.client("DELETE", f"{self.entity}/attrs/{name}{query}").status
        assert status == (204 if self.model.alive and name + dataset in self.model.attributes else 404)
        self.model.attributes.discard(name + dataset)

    def delete(self, name: str, dataset: str, minute: int) -> None:
        assert self.client("DELETE", self.entity).status == (204 if self.model.alive else 404)
        self.model.alive, self.model.attributes = False, set()

    def _one(self, name: str, minute: int) -> tuple[str, Fact] | None:
        found = [one for one in facts(self.client, self.urn) if one[0] == name]
        if not found:
            return None
        chosen = found[minute % len(found)]
        (fact,) = [f for f in self.model.facts if (f.name, f.value) == (name, chosen[3])]
        return chosen[4], fact

    def correct(self, name: str, dataset: str, minute: int) -> None:
        if (one := self._one(name, minute)) is None:
            return
        identifier, fact = one
        body = instance(self.value, minute, dataset)
        status = self.client("PATCH", f"{self.temporal}/attrs/{name}/{identifier}", body).status
        taken = any(
            f is not fact and f.brought and fact.brought and (f.name, f.dataset, f.minute) == (name, dataset, minute)
            for f in self.model.facts
        )
        assert status == (409 if taken else 204)
        if status == 204:
            fact.dataset, fact.minute, fact.value = dataset, minute, self.value

    def take(self, name: str, dataset: str, minute: int) -> None:
        if (one := self._one(name, minute)) is not None:
            assert self.client("DELETE", f"{self.temporal}/attrs/{name}/{one[0]}").status == 204
            self.model.facts.remove(one[1])

    def erase(self, name: str, dataset: str, minute: int) -> None:
        query = f"?datasetId={dataset}" if dataset else "?deleteAll=true" if minute > 5 else ""
        there = self.client("GET", self.temporal)
        instances = there.json().get(name, []) if there.status == 200 else []
        every = not dataset and minute > 5
        concerned = [one for one in instances if every or one.get("datasetId", "") == dataset]
        assert self.client("DELETE", f"{self.temporal}/attrs/{name}{query}").status == (204 if concerned else 404)
        self.model.facts = [f for f in self.model.facts if f.name != name or not (every or f.dataset == dataset)]

    def forget(self, name: str, dataset: str, minute: int) -> None:
        there = self.client("GET", self.temporal).status
        assert self.client("DELETE", self.temporal).status == (204 if there == 200 else 404)
        self.model.facts = []


@pytest.mark.django_db(transaction=True)
def test_histories_equal_a_sequential_model(door: Client) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(writes, min_size=4, max_size=22), st.lists(spans, min_size=2, max_size=3))
    def check(steps: list[tuple[str, str, str, int]], asked: list[tuple[int, int]]) -> None:
        run = Run(door, f"urn:ngsi-ld:T:{next(numbers)}")
        for step in steps:
            run.step(*step)
        assert [one[:4] for one in facts(door, run.urn)] == run.model.inside(0, 60)
        for first, last in asked:
            query = f"timerel=between&timeAt={at(first)}&endTimeAt={at(last)}"
            assert [one[:4] for one in facts(door, run.urn, query)] == run.model.inside(first, last)
        gathered = door(
            "GET",
            f"/temporal/entities/{run.urn}?timerel=after&timeAt={at(0)}&format=aggregatedValues&aggrMethods=sum,totalCount",
        )
        body = gathered.json() if gathered.status == 200 else {}
        for name in NAMES:
            values = [f.value for f in run.model.facts if f.name == name]
            assert [pair[0] for pair in body.get(name, {}).get("sum", [])] == ([sum(values)] if values else [])

    check()


texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "*", "PT0S", "P1M", "2026-07-01T08:00:00Z", "after", "speed", "-1", "urn:ngsi-ld:null"]),
)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            texts
            | st.sampled_from(
                [
                    "type",
                    "value",
                    "values",
                    "object",
                    "observedAt",
                    "datasetId",
                    "scope",
                    "speed",
                    "temporalQ",
                    "entities",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
names = st.sampled_from(
    ["timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods", "aggrPeriodDuration", "format", "options", "q", "pick",
     "attrs", "datasetId", "limit", "offset", "orderBy", "type", "georel", "coordinates", "lang", "scopeQ", "count"]
)  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_hostile_input_is_refused_and_never_an_error_of_ours(door: Client) -> None:
    urn = "urn:ngsi-ld:T:hostile"
    path = f"/temporal/entities/{urn}"
    one = {"type": "Property", "value": 1, "observedAt": at(1)}
    door("POST", "/temporal/entities", {"id": urn, "type": "T", "speed": [one]})

    @settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(json, st.dictionaries(names, texts, max_size=5))
    def check(body: Any, parameters: dict[str, str]) -> None:
        query = "&".join(f"{name}={_quoted(text)}" for name, text in parameters.items())
        whole = body | {"id": urn, "type": "T"} if isinstance(body, dict) else body
        for method, address, sent in (
            ("GET", f"/temporal/entities?type=T&timerel=after&timeAt={at(0)}&{query}", None),
            ("GET", f"{path}?{query}", None),
            ("POST", f"/temporal/entityOperations/query?{query}", body),
            ("POST", f"/temporal/entityOperations/query?{query}", {"type": "Query", "temporalQ": body}),
            ("POST", "/temporal/entities", whole),
            ("POST", f"{path}/attrs", {"speed": body}),
            ("PATCH", f"{path}/attrs/speed/urn:x:y", body),
        ):
            assert door(method, address, sent).status < 500, (method, address, sent)

    check()


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
