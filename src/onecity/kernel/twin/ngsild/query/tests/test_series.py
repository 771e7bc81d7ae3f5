"""Attributes that are telemetry series: the newest reading is found, whatever the document says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from onecity.kernel.telemetry.models import Latest, Series
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query import sql
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.query.parsing import parse_q
from onecity.kernel.twin.ngsild.query.plain import AsWritten, plain
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.tests.test_agreement import store

NAMES = AsWritten()
AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def stations(db: None) -> None:
    document: dict[str, Any] = {"note": [{"type": "Property", "value": "x"}]}
    store(
        [
            StoredEntity(urn, ("Air",), (), document, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
            for urn in ("urn:1", "urn:2", "urn:3")
        ]
    )
    store(
        [
            StoredEntity(
                "urn:4",
                ("Air",),
                (),
                {"pm25": [{"type": "Property", "value": 80}]},
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
            )
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT urn, id FROM twin_entity")
        ids = dict(cursor.fetchall())
    for urn, value in (("urn:1", 10.0), ("urn:2", 90.0)):
        series = Series.objects.create(
            entity_id=ids[urn],
            entity_urn=urn,
            entity_key=urn,
            entity_type="Air",
            attribute="pm2_5",
            unit="ug/m3",
            max_age=timedelta(hours=1),
            late_after=timedelta(minutes=5),
            division_path="adm/",
        )
        Latest.objects.create(series=series, observed_at=AT, value=value)


@pytest.mark.parametrize(
    ("text", "urns", "exact"),
    [
        ("pm25", {"urn:1", "urn:2", "urn:4"}, True),
        ("!pm25", {"urn:3"}, True),
        ("pm25>50", {"urn:2", "urn:4"}, False),
        ("pm25==5..20", {"urn:1"}, False),
        ("pm25!=90", {"urn:1", "urn:4"}, False),
        ("pm25==10,80", {"urn:1", "urn:4"}, False),
        ('pm25=="10"', set(), False),
        ("pm25~=1", set(), False),
        ("pm25.observedAt>2026-04-30T00:00:00Z", {"urn:1", "urn:2"}, False),
        ("pm25.observedAt", {"urn:1", "urn:2"}, True),
        ('pm25>50;note=="x"', {"urn:2"}, False),
        ('note=="x"', {"urn:1", "urn:2", "urn:3"}, True),
    ],
)
def test_newest_reading(stations: None, text: str, urns: set[str], exact: bool) -> None:
    where = sql.compile(Selection(q=parse_q(text, NAMES)), {"pm25": ("pm2_5",)})
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT e.urn FROM twin_entity e WHERE {where.sql}", where.params)  # noqa: S608 - parameters only
        assert {urn for (urn,) in cursor.fetchall()} == urns
    assert where.exact is exact


def test_attributes_that_must_be_there(stations: None) -> None:
    where = sql.compile(Selection(attrs=("pm25",)), {"pm25": ("pm2_5",)})
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM twin_entity e WHERE {where.sql}", where.params)  # noqa: S608 - as above
        assert cursor.fetchone() == (3,)


def test_context_sources_are_filtered_by_their_members() -> None:
    source = plain(
        {"name": "north", "endpoint": "http://a.example", "info": {"floor": 3}, "createdAt": "2026-01-01T00:00:00Z"}
    )
    for text in ('name=="north"', "endpoint~=^http:", "info[floor]>2", "createdAt<2026-02-01T00:00:00Z"):
        assert matches(Selection(q=parse_q(text, NAMES, parameter="csf")), source)
    assert not matches(Selection(q=parse_q('name=="south"', NAMES)), source)
