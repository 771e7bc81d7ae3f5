"""The wall under every table that belongs to a division, and what the web's database role may do at all."""

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db

TABLES_WITH_PATH = """
SELECT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
AND a.attname = 'division_path' AND NOT a.attisdropped
"""
RIGHTS = """
SELECT c.relname, c.relispartition,
  array_remove(ARRAY[
    CASE WHEN has_table_privilege('onecity_app', c.oid, 'SELECT') THEN 'S' END,
    CASE WHEN has_table_privilege('onecity_app', c.oid, 'INSERT') THEN 'I' END,
    CASE WHEN has_table_privilege('onecity_app', c.oid, 'UPDATE') THEN 'U' END,
    CASE WHEN has_table_privilege('onecity_app', c.oid, 'DELETE') THEN 'D' END,
    CASE WHEN has_table_privilege('onecity_app', c.oid, 'TRUNCATE, REFERENCES, TRIGGER') THEN 'T' END], NULL)
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""


def rights() -> dict[str, str]:
    """Letters of what the web's role may do, by table; partitions under their own name."""
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS)
        return {table: "".join(letters) for table, _partition, letters in cursor.fetchall()}


def test_every_table_that_belongs_to_a_division_has_the_wall() -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLES_WITH_PATH)
        tables = dict(cursor.fetchall())
    assert {"access_auditevent", "people_roleassignment", "people_organisation"} <= set(tables)
    assert [name for name, walled in tables.items() if not walled] == []


def test_a_partition_is_not_read_past_its_parents_wall() -> None:
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS)
        partitions = {table: letters for table, partition, letters in cursor.fetchall() if partition}
    assert {table: letters for table, letters in partitions.items() if letters} == {}


def test_tables_that_only_grow_cannot_be_changed_by_the_web() -> None:
    growing = {model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)}
    assert "access_auditevent" in growing
    may = rights()
    assert {table: may[table] for table in growing} == dict.fromkeys(growing, "SI")


def test_derived_tables_cannot_be_written_by_the_web() -> None:
    derived = {model._meta.db_table for model in apps.get_models() if getattr(model, "derived", False)}
    assert {"access_grant", "access_audithead"} <= derived
    may = rights()
    assert {table: may[table] for table in derived} == dict.fromkeys(derived, "S")


def test_the_web_role_owns_nothing_and_is_bound_by_policies() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'onecity_app'")
        assert cursor.fetchone() == (False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = 'onecity_app'::regrole")
        assert cursor.fetchone() == (0,)
    assert not any("T" in letters for letters in rights().values())
