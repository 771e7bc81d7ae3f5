"""Cases and entries through prepared statements: what is written is what was given, also after a rollback and under walls."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service, statements, writing
from onecity.kernel.cases.changing import CHANGING
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import TOWN_A, Town, litter
from onecity.kernel.core import search_text

MOMENT = dt.datetime(2026, 11, 20, 3, 4, 5, 678901, tzinfo=dt.UTC)
ODD = "“引号” 'single' \"double\" \\ back\nline 😀 100%"


def test_what_is_written_is_what_was_given(town: Town) -> None:
    evidence = {"nested": {"list": [1, 2.5, None, ODD]}, "empty": {}}
    made = service.open_case(
        litter(
            title=ODD.replace("\n", " "),
            description=ODD,
            evidence=evidence,
            opened_at=MOMENT,
            lon=121.123456789,
            lat=30.9,
        )
    )
    kept = Case.objects.get(id=made.id)
    assert (kept.description, kept.evidence, kept.opened_at) == (ODD, evidence, MOMENT)
    assert (kept.lon, kept.source_key, kept.entity_id) == (121.123456789, None, None)
    locked = writing.lock(made.id)
    assert locked is not None
    assert {name: getattr(locked[0], name) for name in writing.READ} == {
        name: getattr(kept, name) for name in writing.READ
    }
    with connection.cursor() as cursor:
        words = search_text.document(made.title, made.description, made.address)
        cursor.execute("SELECT search = array_to_tsvector(%s::text[]) FROM cases_case WHERE id = %s", [words, made.id])
        assert cursor.fetchone() == (True,)


def test_an_entry_keeps_its_digits_and_its_data(town: Town) -> None:
    case = service.open_case(litter())
    service.act(case.id, "accept", town["handler_a"], note=ODD, data={"heard": ODD, "count": 3})
    entry = CaseEvent.objects.get(case_id=case.id, version=2)
    assert (entry.note, entry.data) == (ODD, {"heard": ODD, "count": 3})
    assert writing.entries(case.id, ["accept"], entry.at) == [("accept", entry.at, entry.data)]


def test_statements_work_after_a_rollback(town: Town) -> None:
    case = service.open_case(litter(source_key="one"))
    with transaction.atomic():
        service.open_case(litter(source_key="two"))
        transaction.set_rollback(True)
    assert service.open_case(litter(source_key="one")).id == case.id
    assert service.open_case(litter(source_key="two")).id != case.id
    assert Case.objects.count() == CaseEvent.objects.count() == 2


def test_a_case_that_was_there_gets_no_second_beginning(town: Town) -> None:
    first, again, other = service.open_cases([litter(source_key=key) for key in ("a", "a", "b")])
    assert first.id == again.id != other.id
    assert list(CaseEvent.objects.order_by("case_id", "version").values_list("case_id", "version")) == sorted(
        [(first.id, 1), (other.id, 1)]
    )


def test_what_the_walls_forbid_is_an_error_and_changes_nothing(town: Town, app_role: None) -> None:
    with acting_as(town["dispatcher"].id):
        case = service.open_case(litter(division_path=TOWN_A))
    made = CaseEvent(
        case_id=case.id, version=2, at=MOMENT, action="comment", from_state=case.state, to_state=case.state
    )
    case.version = 2
    with pytest.raises(DatabaseError), acting_as(town["handler_b"].id):
        writing.change(case, made, CHANGING)
    with acting_as(town["dispatcher"].id):
        assert Case.objects.get(id=case.id).version == 1
        assert CaseEvent.objects.filter(case_id=case.id).count() == 1


def test_errors_are_djangos(town: Town) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        statements.run("SELECT * FROM cases_case WHERE no_such_column = %s", [TOWN_A])
    assert statements.run("SELECT %s::text", ["still here"]) == [("still here",)]
