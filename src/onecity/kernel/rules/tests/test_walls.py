"""Row-level security alone, with no filter of the application's before it."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, transaction

from onecity.kernel.access.models import Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.rules.models import Alert, Baselines, MemoryRecord, Rule, RuleVersion
from onecity.kernel.rules.tests.stage_data import (
    DISTRICT,
    MINUTE,
    NOON,
    OTHER_TOWN,
    TOWN,
    Store,
    district,
    ready,
    rule,
    series_of,
    station,
)
from onecity.kernel.rules.types import Level, Threshold

pytestmark = pytest.mark.django_db


def account(path: str, *permissions: str) -> UUID:
    somebody = new_id()
    for permission in permissions:
        Grant.objects.create(account_id=somebody, permission=permission, path=path, valid_from=now() - MINUTE)
    return somebody


@pytest.fixture
def two_alerts() -> None:
    district()
    rule(Threshold((Level("red", 75),)))
    mine, theirs = series_of(station("s1")), series_of(station("s2", OTHER_TOWN))
    ready().process(Store().batch([(mine, NOON, 80.0), (theirs, NOON, 80.0)]))


@pytest.fixture
def as_app(two_alerts: None) -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def become_app() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")


def test_alerts_are_seen_and_touched_only_in_ones_own_division(as_app: None) -> None:
    town, reader = account(TOWN, "alerts.view", "alerts.acknowledge"), account(DISTRICT, "alerts.view")
    become_app()
    with acting_as(town):
        assert list(Alert.objects.values_list("division_path", flat=True)) == [TOWN]
        assert Alert.objects.update(note="seen") == 1
    with acting_as(reader):
        assert sorted(Alert.objects.values_list("division_path", "note")) == [(TOWN, "seen"), (OTHER_TOWN, "")]
        assert Alert.objects.update(note="mine") == 0
    with acting_as(None):
        assert Alert.objects.count() == 0


def test_rules_are_read_by_whoever_may_read_any_and_changed_where_they_belong(as_app: None) -> None:
    town, owner, nobody = (
        account(TOWN, "rules.view", "rules.edit"),
        account(DISTRICT, "rules.edit"),
        account(TOWN, "alerts.view"),
    )
    become_app()
    with acting_as(town):
        assert (Rule.objects.count(), RuleVersion.objects.count()) == (1, 1)
        assert (Rule.objects.update(paused=True), RuleVersion.objects.update(comment="x")) == (0, 0)
    with acting_as(nobody):
        assert (Rule.objects.count(), RuleVersion.objects.count()) == (0, 0)
    with acting_as(owner), transaction.atomic():
        assert Rule.objects.count() == 0


def test_what_the_engine_remembers_is_its_own(as_app: None) -> None:
    everything = account("", "*")
    assert MemoryRecord.objects.count() > 0
    become_app()
    with acting_as(everything):
        assert MemoryRecord.objects.count() == 0
        assert MemoryRecord.objects.update(records=0) == 0
        assert Baselines.objects.update(learnt_at=now()) == 0
        with pytest.raises(ProgrammingError), transaction.atomic():
            MemoryRecord.objects.create(kind="runs", records=0, payload=b"")
