"""Kinds of certificate as data: installed once, versioned, in force by day, refused whole where anything is wrong."""

import datetime as dt
import json
from dataclasses import dataclass

import msgspec
import pytest

from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.places.models import Division
from onecity.kernel.records.certificates import issuing, states, types
from onecity.kernel.records.certificates.logic.kind import Field, Words
from onecity.kernel.records.certificates.tests.conftest import FOOD, RESIDENCE, Ask
from onecity.kernel.records.models import CertificateTypeVersion

pytestmark = pytest.mark.django_db
LATER = dt.date(2027, 1, 1)


@dataclass(frozen=True)
class Wrong:
    """A change to a good kind, and where the refusal points."""

    change: dict[str, object]
    field: str


def file_of(**change: object) -> str:
    kind = json.loads(msgspec.json.encode(RESIDENCE))
    return json.dumps({"types": [json.loads(msgspec.json.encode(FOOD)), kind | change]})


def test_a_file_goes_in_once_and_comes_out_as_it_was(district: Division) -> None:
    assert types.install_file(file_of()) == 2
    assert types.install_file(file_of()) == 0
    text = types.export()
    CertificateTypeVersion.objects.all().delete()
    assert types.install_file(text) == 2
    assert types.export() == text
    assert types.in_force("residence") == (RESIDENCE, 1)


def test_a_new_version_counts_from_its_day(kinds: None, ask: Ask) -> None:
    more = msgspec.structs.replace(
        RESIDENCE,
        effective_from=LATER,
        fields=(*RESIDENCE.fields, Field("permit", Words("许可", "Permit"), required=False)),
    )
    with use_clock(FixedClock(dt.datetime(2026, 6, 1, tzinfo=dt.UTC))) as clock:
        assert types.install(more) == 1
        before = issuing.issue(ask(), issued_by=None)
        clock.set(dt.datetime(2027, 6, 1, tzinfo=dt.UTC))
        after = issuing.issue(ask(), issued_by=None)
        renewed = states.renew(before.id, None, "Due")
    assert (before.type_version, after.type_version, renewed.type_version) == (1, 2, 2)
    assert types.version("residence", 1) == RESIDENCE
    assert types.titles()["residence"] == RESIDENCE.title


def test_a_kind_that_ended_is_not_issued_any_more(district: Division) -> None:
    types.install(msgspec.structs.replace(RESIDENCE, effective_until=dt.date(2026, 12, 31)))
    assert types.in_force("residence", dt.date(2026, 12, 31))[1] == 1
    for code, day in (("residence", LATER), ("residence", dt.date(1999, 1, 1)), ("nothing", LATER)):
        with pytest.raises(Problem) as refused:
            types.in_force(code, day)
        assert refused.value.status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong({"defining_uscc": "11990000MA0000001L"}, "residence.defining_uscc"),
        Wrong({"validity": {"months": 1, "days": 1}}, "residence.validity"),
        Wrong({"effective_until": "1999-01-01"}, "residence.effective_until"),
        Wrong({"fields": [{"name": "exp", "title": {"zh": "x", "en": "x"}}]}, "residence.exp"),
        Wrong({"fields": [{"name": "age_over_18", "title": {"zh": "x", "en": "x"}}]}, "residence.age_over_18"),
        Wrong({"fields": [{"name": "a", "title": {"zh": "x", "en": "x"}}] * 2}, "residence.a"),
        Wrong({"fields": [{"name": "a", "title": {"zh": "x", "en": "x"}, "age_over": [18]}]}, "residence.a"),
        Wrong({"template": {"body": {"zh": "{nothing}", "en": "x"}}}, "residence.template: nothing"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_goes_in(district: Division, wrong: Wrong) -> None:
    with pytest.raises(Problem) as refused:
        types.install_file(file_of(**wrong.change))
    assert wrong.field in [error.field for error in refused.value.errors]
    assert CertificateTypeVersion.objects.count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"types": [{}]}',
        file_of(colour="red"),
        file_of(code="A B"),
        file_of(number="1"),
        file_of(title="x"),
    ],
)
def test_what_is_no_such_file_is_refused(district: Division, text: str) -> None:
    with pytest.raises(Problem) as refused:
        types.install_file(text)
    assert (refused.value.status, refused.value.code) == (422, "certificate-types")
    assert CertificateTypeVersion.objects.count() == 0
