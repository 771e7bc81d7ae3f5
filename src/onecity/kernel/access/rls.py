"""Migration operations that put row-level security on a table: the wall that holds when a filter is forgotten.

The policies bind the role `onecity_app` alone, which serves the web; the owner of the tables and its members (migrations,
pipeline, worker, command line) pass. A policy's sub-select does not depend on the row, so PostgreSQL runs it once a query.
"""

import re
from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from onecity.kernel.access.session import CURRENT_ACCOUNT

APP_ROLE = "onecity_app"
COMMANDS = ("select", "insert", "update", "delete")
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z")
PERMISSION = re.compile(r"[a-z0-9_.]+\Z")


def scope_predicate(permission: str, path_column: str = "division_path", *, separate: bool = False) -> str:
    """SQL: the asking account holds `permission` now over the path in `path_column`.

    `separate` as in access.permissions: a superuser's grant does not count. `^@` is "begins with" without wildcards.
    """
    if not PERMISSION.match(permission) or not IDENTIFIER.match(path_column):
        raise ValueError(f"not a permission and a column: {permission!r}, {path_column!r}")
    allowed = f"'{permission}'" if separate else f"'{permission}', '*'"
    return (  # both names are checked above; PostgreSQL takes no parameters in a policy
        f"{path_column} ^@ ANY (ARRAY(SELECT path FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} "  # noqa: S608 - see above
        f"AND permission IN ({allowed}) AND valid_from <= statement_timestamp() "
        f"AND (valid_to IS NULL OR valid_to > statement_timestamp())))"
    )


class _Policies(Operation):
    """Enables row-level security on one table with one predicate a command; reverses to none."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model_or_table: str) -> None:
        self.model_or_table = model_or_table

    def predicates(self) -> dict[str, str]:
        """SQL by command; a command without one is refused to the application."""
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models stay as they are."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002 - Django's signature
        to_state: ProjectState,
    ) -> None:
        """Enable row-level security and create the policies."""
        table = self._table(app_label, to_state)
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for command, predicate in self.predicates().items():
            clauses = [] if command == "insert" else [f"USING ({predicate})"]
            clauses += [f"WITH CHECK ({predicate})"] if command in {"insert", "update"} else []
            schema_editor.execute(
                f"CREATE POLICY onecity_{command} ON {table} FOR {command.upper()} TO {APP_ROLE} {' '.join(clauses)}",
                params=None,
            )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,  # noqa: ARG002 - Django's signature
    ) -> None:
        """Drop the policies and the security."""
        table = self._table(app_label, from_state)
        for command in self.predicates():
            schema_editor.execute(f"DROP POLICY onecity_{command} ON {table}")
        schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        """One line for `migrate`."""
        return f"Put row-level security on {self.model_or_table}"

    def _table(self, app_label: str, state: ProjectState) -> str:
        label, _, name = self.model_or_table.rpartition(".")
        model = state.models.get((label or app_label, name.lower()))
        table = self.model_or_table
        if model is not None:
            table = str(model.options.get("db_table") or f"{label or app_label}_{name.lower()}")
        if not IDENTIFIER.match(table):
            raise ValueError(f"{self.model_or_table!r} is neither a model of the migration's state nor a table")
        return table


class RowSecurity(_Policies):
    """Rows that belong to a division: seen and written by those who hold the permission over it.

    `public_when`: SQL on the row; such rows everybody sees (not writes). `write_permission`: for writing, where it
    differs. `insert_when`: SQL; such rows may be added without the permission (a report by a resident, say).
    `separate`: see access.permissions.
    """

    def __init__(
        self,
        model_or_table: str,
        *,
        permission: str,
        path_column: str = "division_path",
        public_when: str | None = None,
        write_permission: str | None = None,
        insert_when: str | None = None,
        separate: bool = False,
    ) -> None:
        super().__init__(model_or_table)
        self.permission = permission
        self.path_column = path_column
        self.public_when = public_when
        self.write_permission = write_permission
        self.insert_when = insert_when
        self.separate = separate

    def predicates(self) -> dict[str, str]:
        """SQL by command."""
        read = scope_predicate(self.permission, self.path_column, separate=self.separate)
        write = scope_predicate(self.write_permission or self.permission, self.path_column, separate=self.separate)
        return {
            "select": _either(read, self.public_when),
            "insert": _either(write, self.insert_when),
            "update": write,
            "delete": write,
        }


class RowSecurityThrough(_Policies):
    """Rows whose rights follow from another table, by an SQL predicate in which that table's own policies apply.

    For example `EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)`. `commands`: those allowed to the application
    at all.
    """

    def __init__(self, table: str, sql_predicate: str, *, commands: Sequence[str] = COMMANDS) -> None:
        super().__init__(table)
        self.sql_predicate = sql_predicate
        self.commands = tuple(commands)

    def predicates(self) -> dict[str, str]:
        """SQL by command."""
        return dict.fromkeys(self.commands, self.sql_predicate)


class RowSecurityPerCommand(_Policies):
    """Rows whose rights are an SQL predicate of their own for each command; one left out is refused to the application."""

    def __init__(
        self,
        table: str,
        *,
        select: str,
        insert: str | None = None,
        update: str | None = None,
        delete: str | None = None,
    ) -> None:
        super().__init__(table)
        self.by_command = {"select": select, "insert": insert, "update": update, "delete": delete}

    def predicates(self) -> dict[str, str]:
        """SQL by command."""
        return {command: predicate for command, predicate in self.by_command.items() if predicate is not None}


def _either(predicate: str, other: str | None) -> str:
    return f"({predicate}) OR ({other})" if other else predicate
