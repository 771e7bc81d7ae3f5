# ruff: noqa: S608 - these tests speak SQL to the wall itself
"""Row-level security alone, without any filter of the application: what the database itself lets the web role see."""

import datetime as dt
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.state import ProjectState

from onecity.kernel.access import policy, session
from onecity.kernel.access.models import Grant
from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough
from onecity.kernel.core.clock import now
from onecity.kernel.people import service
from onecity.kernel.people.models import Account, Role

pytestmark = pytest.mark.django_db

DISTRICT = "adm/910000/"
TOWN_A = "adm/910000/910001/"
TOWN_B = "adm/910000/910002/"
ROWS = {1: TOWN_A, 2: TOWN_A + "001/", 3: TOWN_B, 4: DISTRICT, 5: "adm/91000/"}
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def role() -> Role:
    return Role.objects.create(name="handler", title="Handler", permissions=["people.view", "people.manage"])


@pytest.fixture
def things(db: None) -> None:
    """A table of a division's things, walled by the operations under test."""
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE t_thing (id int PRIMARY KEY, division_path text COLLATE "C", open boolean)')
        cursor.execute("CREATE TABLE t_note (thing_id int)")
        for number, path in ROWS.items():
            cursor.execute("INSERT INTO t_thing VALUES (%s, %s, %s)", [number, path, number == 5])
            cursor.execute("INSERT INTO t_note VALUES (%s)", [number])
        cursor.execute("GRANT ALL ON t_thing, t_note TO onecity_app")
    with connection.schema_editor(atomic=False) as editor:
        for operation in OPERATIONS:
            operation.database_forwards("access", editor, ProjectState(), ProjectState())


OPERATIONS = (
    RowSecurity("t_thing", permission="people.view", write_permission="people.manage", public_when="open"),
    RowSecurityThrough("t_note", "EXISTS (SELECT 1 FROM t_thing t WHERE t.id = thing_id)", commands=("select",)),
)


def seen(account_id: UUID | None, table: str = "t_thing", column: str = "id") -> list[int]:
    with session.acting_as(account_id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE onecity_app")
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY 1")
        rows = [row[0] for row in cursor.fetchall()]
        cursor.execute("RESET ROLE")
    return rows


def write(account_id: UUID | None, statement: str) -> int:
    with session.acting_as(account_id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE onecity_app")
        cursor.execute(statement)
        count: int = cursor.rowcount
        cursor.execute("RESET ROLE")
    return count


def contents() -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, division_path FROM t_thing")
        return dict(cursor.fetchall())


def account(name: str) -> Account:
    return service.create_account(name, display_name=name)


def test_each_sees_the_rows_of_his_division_and_below(things: None, role: Role) -> None:
    a, b, district, root = account("town-a"), account("town-b"), account("district"), account("root")
    service.assign_role(a, role, TOWN_A)
    service.assign_role(b, role, TOWN_B)
    service.assign_role(district, role, DISTRICT)
    Account.objects.filter(pk=root.pk).update(is_superuser=True)
    assert seen(a.id) == [1, 2, 5]
    assert seen(b.id) == [3, 5]
    assert seen(district.id) == [1, 2, 3, 4, 5]
    assert seen(root.id) == [1, 2, 3, 4, 5]
    assert seen(a.id, "t_note", "thing_id") == [1, 2, 5]


def test_nobody_sees_only_what_is_public(things: None) -> None:
    assert seen(None) == [5]
    assert seen(UUID(int=7)) == [5]


def test_a_grant_counts_only_between_its_dates(things: None, role: Role) -> None:
    past, future, present = account("past"), account("future"), account("present")
    service.assign_role(past, role, DISTRICT, valid_from=now() - 2 * HOUR, valid_to=now() - HOUR)
    service.assign_role(future, role, DISTRICT, valid_from=now() + HOUR)
    service.assign_role(present, role, DISTRICT, valid_from=now() - HOUR, valid_to=now() + HOUR)
    assert seen(past.id) == [5]
    assert seen(future.id) == [5]
    assert seen(present.id) == [1, 2, 3, 4, 5]
    assert Grant.objects.filter(account_id=past.id).count() == 2


def test_a_deactivated_account_and_an_emptied_role_lose_their_rights_at_once(things: None, role: Role) -> None:
    a, b = account("closed"), account("still-open")
    service.assign_role(a, role, DISTRICT)
    service.assign_role(b, role, DISTRICT)
    service.deactivate(a)
    assert seen(a.id) == [5]
    service.reactivate(a)
    assert seen(a.id) == [1, 2, 3, 4, 5]
    Role.objects.filter(pk=role.pk).update(permissions=[])
    assert seen(a.id) == seen(b.id) == [5]
    assert not Grant.objects.exists()


def test_removing_an_assignment_or_an_account_removes_its_grants(role: Role) -> None:
    a = account("short")
    service.assign_role(a, role, TOWN_A)
    keeps = service.assign_role(a, role, TOWN_B)
    a.role_assignments.exclude(pk=keeps.pk).delete()
    assert policy.scopes(a, "people.view") == (TOWN_B,)
    gone = a.id
    a.delete()
    assert not Grant.objects.filter(account_id=gone).exists()


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO t_thing VALUES (9, '{TOWN_B}', false)",
        f"UPDATE t_thing SET division_path = '{TOWN_B}' WHERE id = 1",
        "INSERT INTO t_note VALUES (1)",
    ],
)
def test_a_write_outside_the_scope_is_refused_and_changes_nothing(things: None, role: Role, statement: str) -> None:
    a = account("writer")
    service.assign_role(a, role, TOWN_A)
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        write(a.id, statement)
    assert contents() == ROWS


@pytest.mark.parametrize(
    "statement", ["DELETE FROM t_thing WHERE id IN (3, 4, 5)", "UPDATE t_thing SET open = true WHERE id IN (3, 4, 5)"]
)
def test_rows_outside_the_scope_are_not_there_to_be_written(things: None, role: Role, statement: str) -> None:
    a = account("writer")
    service.assign_role(a, role, TOWN_A)
    assert write(a.id, statement) == 0
    assert contents() == ROWS


def test_writing_needs_its_own_permission(things: None) -> None:
    reader = account("reader")
    service.assign_role(reader, Role.objects.create(name="reader", title="Reader", permissions=["people.view"]), TOWN_A)
    assert seen(reader.id) == [1, 2, 5]
    assert write(reader.id, "DELETE FROM t_thing") == 0
    assert contents() == ROWS


def test_a_wildcard_in_a_path_is_a_letter(things: None, role: Role) -> None:
    sly = account("sly")
    service.assign_role(sly, role, "adm/%/")
    service.assign_role(sly, role, "adm_910000/")
    assert seen(sly.id) == [5]


def test_the_operations_reverse(things: None) -> None:
    with connection.schema_editor(atomic=False) as editor:
        for operation in OPERATIONS:
            operation.database_backwards("access", editor, ProjectState(), ProjectState())
    assert seen(None) == [1, 2, 3, 4, 5]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_policies WHERE tablename IN ('t_thing', 't_note')")
        assert cursor.fetchone() == (0,)


def test_a_name_that_is_not_one_is_refused() -> None:
    with pytest.raises(ValueError, match="not a permission and a column"):
        RowSecurity("t_thing", permission="x' OR true --").predicates()
    with connection.schema_editor(atomic=False) as editor, pytest.raises(ValueError, match="neither a model"):
        RowSecurity("t; DROP TABLE", permission="a.b").database_forwards(
            "access", editor, ProjectState(), ProjectState()
        )


def test_the_web_role_cannot_write_what_is_derived_or_make_a_superuser(role: Role) -> None:
    a = account("climber")
    for statement in (
        f"INSERT INTO access_grant (account_id, permission, path, valid_from) VALUES ('{a.id}', '*', '', now())",
        f"UPDATE people_account SET is_superuser = true WHERE id = '{a.id}'",
        f"SELECT access_derive_grants(ARRAY['{a.id}'::uuid])",
        f"UPDATE people_role SET permissions = '{{people.assign}}' WHERE id = '{role.id}' RETURNING 1",
    ):
        with pytest.raises((DatabaseError, AssertionError)), transaction.atomic():
            assert write(a.id, statement) > 0
    a.refresh_from_db()
    assert not a.is_superuser
    assert not Grant.objects.exists()
