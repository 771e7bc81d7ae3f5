"""What the application's database role may do to each table, given anew after every migration.

No default privileges: a table made later (a partition, say) is closed until it is named here, since row-level security
stands on the parent only and a partition read directly would pass it by.
"""

from django.apps import apps
from django.db import connections, transaction

from onecity.kernel.access.rls import APP_ROLE

OPEN_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relowner = (
    SELECT relowner FROM pg_class WHERE oid = 'access_grant'::regclass)
ORDER BY c.relname
"""
READ_ONLY = {"django_migrations", "django_content_type", "auth_permission"}


def apply(using: str = "default") -> None:
    """Grant the application's role its rights on every table and sequence; run by the owner, idempotent."""
    derived = READ_ONLY | _tables_with("derived")
    append_only = _tables_with("append_only")
    with transaction.atomic(using), connections[using].cursor() as cursor:
        cursor.execute(OPEN_TABLES)
        for (table,) in cursor.fetchall():
            rights = "SELECT" if table in derived else "SELECT, INSERT"
            if table not in derived | append_only:
                rights += ", UPDATE, DELETE"
            name = cursor.db.ops.quote_name(table)
            cursor.execute(f"REVOKE ALL ON {name} FROM {APP_ROLE}")
            cursor.execute(f"GRANT {rights} ON {name} TO {APP_ROLE}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}")


def _tables_with(mark: str) -> set[str]:
    return {model._meta.db_table for model in apps.get_models() if getattr(model, mark, False)}
