"""Files of case types: the one that ships, reading, comparing, and giving out."""

import copy
import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from onecity.kernel.cases import catalogue, presentation, service, skills, type_store
from onecity.kernel.cases.logic import bundle
from onecity.kernel.cases.logic.definition import DefinitionError
from onecity.kernel.cases.logic.provisions import Retention
from onecity.kernel.cases.models import CaseType
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.tests.conftest import MONDAY, VILLAGE_A, Town
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem

CLASSES = {"event": 6, "component": 5, "hotline": 6}


def file() -> dict[str, Any]:
    """The shipped file as plain values, to be spoilt."""
    found: dict[str, Any] = json.loads(catalogue.CITY_MANAGEMENT.read_text(encoding="utf-8"))
    return found


def test_the_shipped_kinds_cover_every_class() -> None:
    found = catalogue.shipped()
    schemes = [one.scheme for one in found.classes]
    assert {scheme: schemes.count(scheme) for scheme in set(schemes)} == CLASSES
    used = {kind.category for kind in found.definitions.values()}
    assert used == {one.code for one in found.classes}
    fieldwork = [k for k in found.definitions.values() if not k.category.startswith("hotline")]
    assert len(fieldwork) >= 60
    for name, kind in found.definitions.items():
        assert set(kind.title) == {"zh", "en"}, name
        assert kind.limits, name


def test_shipped_kinds_say_who_goes_and_how_long_personal_data_is_kept() -> None:
    found = catalogue.shipped().definitions
    asked = {name: kind.sending for name, kind in found.items() if kind.sending.skills}
    assert len(asked) >= 50
    assert {skill for sending in asked.values() for skill in sending.skills} <= set(skills.known())
    by_itself = {name for name, sending in asked.items() if sending.automatic}
    # what is urgent is sent by a person, who sees the units
    assert not by_itself & {name for name, sending in asked.items() if sending.within_minutes}
    assert {"exposed_litter", "overfull_bin", "street_stall"} <= by_itself
    assert asked["gas_smell"].within_minutes == 15
    assert {kind.retention for kind in found.values()} == {Retention(5)}
    # what is told of somebody's home is published roughly
    assert found["noise_neighbour"].rounded_m == 200


def test_a_bad_rating_cannot_be_returned_or_cancelled() -> None:
    kind = catalogue.shipped().definitions["bad_rating"]
    assert kind.manual is False
    assert {t.means for t in kind.transitions}.isdisjoint({"return", "cancel"})


def test_stages_have_their_own_limits() -> None:
    kind = catalogue.shipped().definitions["illegal_construction"]
    assert [(x.stage, x.amount, x.unit) for x in kind.limits] == [
        ("stop", 4, "working_hours"),
        ("fine", 7, "working_days"),
        ("demolish", 20, "working_days"),
    ]


def test_what_is_given_out_reads_the_same() -> None:
    found = catalogue.shipped()
    again = bundle.read(json.loads(json.dumps(bundle.write(found.definitions, found.classes))))
    assert again.definitions == found.definitions
    assert again.classes == found.classes


def test_every_mistake_is_named_with_its_type() -> None:
    bad = file()
    bad["types"][0]["definition"]["limits"] = [{"amount": -1, "unit": "working_days"}]
    bad["types"][1]["life_cycle"] = "nowhere"
    bad["types"][2]["definition"]["category"] = "event.99"
    bad["types"].append(copy.deepcopy(bad["types"][3]))
    with pytest.raises(DefinitionError) as caught:
        bundle.read(bad)
    told = "\n".join(caught.value.mistakes)
    names = [one["name"] for one in bad["types"]]
    for name in (*names[:3], names[3]):
        assert f"{name}: " in told
    assert len(caught.value.mistakes) == 4


@pytest.mark.parametrize("data", [None, [], {}, {"format": "x"}, {"format": bundle.FORMAT, "types": 3}])
def test_what_is_no_such_file_is_refused(data: object) -> None:
    with pytest.raises(DefinitionError):
        bundle.read(data)


def test_installing_is_idempotent_and_leaves_what_people_published(town: Town) -> None:
    found = catalogue.shipped()
    assert len(catalogue.install(found, effective_from=MONDAY)) == len(found.definitions)
    assert catalogue.install(found) == []
    changed = file()
    changed["types"][0]["definition"]["limits"] = [{"amount": 9, "unit": "working_days"}]
    name = changed["types"][0]["name"]
    told = [c for c in catalogue.compare(bundle.read(changed)) if c.kind == "changed"]
    assert [c.name for c in told] == [name]
    assert [path for path, _old, _new in told[0].differences] == ["limits"]
    assert catalogue.install(bundle.read(changed), by=town["dispatcher"].id) == [name]
    assert catalogue.install(found) == []
    assert CaseType.objects.filter(name=name).count() == 2


def test_a_case_of_a_shipped_kind_goes_its_whole_way(town: Town, clock: FixedClock) -> None:
    catalogue.install(catalogue.shipped(), effective_from=MONDAY)
    case = service.open_case(service.NewCase("hotline_help", "路灯不亮", VILLAGE_A), actor=town["dispatcher_a"])
    for action in ("accept", "dispatch", "start"):
        service.act(case.id, action, None)
    with pytest.raises(Problem) as caught:
        service.act(case.id, "finish", None, "修好了")
    assert [e.field for e in caught.value.errors] == ["result"]
    service.act(case.id, "finish", None, "修好了", {"result": "solved"})
    service.act(case.id, "review", None)
    again = service.act(case.id, "unsolved", None, "又灭了")
    assert (again.state, again.round, again.result) == ("handling", 2, "")
    service.act(case.id, "finish", None, "修好了", {"result": "solved"})
    service.act(case.id, "review", None)
    ended = service.act(case.id, "close", None, "满意")
    assert (ended.state, ended.result) == ("closed", "solved")
    assert type_store.version("hotline_help", 1).definition.rating is not None


def test_the_page_says_what_is_owed_and_how_it_was_settled(town: Town, client: Client, clock: FixedClock) -> None:
    catalogue.install(catalogue.shipped(), effective_from=MONDAY)
    who = Person("王小明", "13812345678")
    case = service.open_case(service.NewCase("hotline_help", "路灯不亮", VILLAGE_A, reporter=who))
    kind = type_store.version("hotline_help", 1).definition
    found = presentation.facts(case, kind)
    assert found.word_due == dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
    client.force_login(town["handler_a"])
    page = client.get(f"/desk/cases/{case.id}").content.decode()
    assert "王** 138****5678" in page
    assert "王小明" not in page
    for action in ("accept", "dispatch", "start"):
        service.act(case.id, action, None)
    service.act(case.id, "contact", None, "", {"reached": True})
    ended = service.act(case.id, "finish", None, "修好了", {"result": "explained"})
    with translation.override("en"):
        found = presentation.facts(ended, kind)
    assert (found.word_due, found.result) == (None, "Explained")


def test_a_case_is_returned_twice_in_a_round_and_not_more(town: Town) -> None:
    catalogue.install(catalogue.shipped(), effective_from=MONDAY)
    case = service.open_case(service.NewCase("hotline_help", "路灯不亮", VILLAGE_A), actor=town["dispatcher_a"])
    service.act(case.id, "accept", None)
    for _time in range(2):
        service.act(case.id, "dispatch", None)
        with pytest.raises(Problem):
            service.act(case.id, "return", None, "不是我们的")
        service.act(case.id, "return", None, "不是我们的", {"reason": "not_ours"})
    service.act(case.id, "dispatch", None)
    with pytest.raises(Problem) as caught:
        service.act(case.id, "return", None, "不是我们的", {"reason": "not_ours"})
    assert [e.field for e in caught.value.errors] == ["action"]


def test_differences_are_found_by_name_not_by_place() -> None:
    old = {"a": 1, "states": [{"name": "x", "v": 1}, {"name": "y", "v": 2}]}
    new = {"a": 1, "states": [{"name": "y", "v": 3}, {"name": "x", "v": 1}], "b": 2}
    assert bundle.differences(old, new) == [("states.y.v", 2, 3), ("b", None, 2)]
