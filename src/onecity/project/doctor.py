"""Examines every part of an installation and says in words what is wrong and how to mend it."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from onecity.kernel.core import clock
from onecity.kernel.places import service as places
from onecity.kernel.telemetry import health as telemetry
from onecity.project import messages
from onecity.project.environment import Environment

LEAST_DISK_GB = 5
NEEDED_ASSETS = ("maplibre-gl", "echarts", "htmx.org")


@dataclass(frozen=True)
class Finding:
    """One examined part: its state (ok, warning, fault), what was seen, and how to mend it."""

    part: str
    state: str
    text: str
    mend: str = ""


def examine(env: Environment) -> Iterator[Finding]:
    """Every finding, in the order in which one would mend them."""
    yield from _folder(env)
    yield from _assets(env)
    yield from _translations()
    reached = True
    for finding in _database():
        reached = reached and finding.state != "fault"
        yield finding
    if reached:
        yield from _schema()
        yield from _district()
        for state, text, mend in telemetry.examine():
            yield Finding("telemetry", state, text, mend)
    yield from _web(env)


def _folder(env: Environment) -> Iterator[Finding]:
    if not os.access(env.home, os.W_OK):
        yield Finding(
            "data folder", "fault", f"{env.home} cannot be written", "give its ownership to the service's user"
        )
        return
    free = shutil.disk_usage(env.home).free / 1e9
    state = "ok" if free > LEAST_DISK_GB else "warning"
    mend = "" if state == "ok" else "free space, or shorten ONECITY_RETENTION_DAYS"
    yield Finding("data folder", state, f"{env.home}, {free:.0f} GB free", mend)


def _assets(env: Environment) -> Iterator[Finding]:
    absent = [name for name in NEEDED_ASSETS if not (env.node_modules / name).is_dir()]
    if absent:
        yield Finding("web assets", "fault", f"missing: {', '.join(absent)}", "run `make node_modules/.runtime`")
    else:
        yield Finding("web assets", "ok", f"{len(NEEDED_ASSETS)} npm packages in {env.node_modules}")


def _translations() -> Iterator[Finding]:
    stale = [p for p in messages.packages() if _stale(messages.catalogue_path(p))]
    if stale:
        yield Finding(
            "translations", "warning", f"{len(stale)} catalogues not compiled", "run `onecity messages compile`"
        )
    else:
        yield Finding("translations", "ok", "compiled")


def _stale(source: "os.PathLike[str]") -> bool:
    path = os.fspath(source)
    target = path.removesuffix(".po") + ".mo"
    return os.path.exists(path) and not os.path.exists(target)  # noqa: PTH110 - two calls on one string


def _database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int, current_user")
            number, role = cursor.fetchone()
            cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'onecity_app'")
            row = cursor.fetchone()
    except DatabaseError as error:
        yield Finding(
            "database", "fault", str(error).strip(), "start it (`onecity up`) or correct ONECITY_DATABASE_URL"
        )
        return
    state = "ok" if number >= 160000 else "fault"
    yield Finding(
        "database",
        state,
        f"PostgreSQL {number // 10000}.{number % 10000}, as {role}",
        "" if state == "ok" else "16 or newer is needed",
    )
    if row is None:
        yield Finding("database roles", "fault", "onecity_app is missing", "create the roles (docs/running.md)")
    elif row[0]:
        yield Finding(
            "database roles",
            "fault",
            "onecity_app passes row-level security",
            "ALTER ROLE onecity_app NOBYPASSRLS NOSUPERUSER",
        )
    else:
        yield Finding("database roles", "ok", "onecity_app is bound by row-level security")


UNPROTECTED = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE a.attname = 'division_path' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND NOT c.relispartition
  AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""


def _schema() -> Iterator[Finding]:
    try:
        call_command("migrate", check_unapplied=True, verbosity=0)
    except (CommandError, SystemExit):
        yield Finding("schema", "fault", "migrations are not applied", "run `onecity up`, or `onecity prepare`")
        return
    with connection.cursor() as cursor:
        cursor.execute(UNPROTECTED)
        bare = [row[0] for row in cursor.fetchall()]
    if bare:
        yield Finding("schema", "warning", f"tables of a division without row-level security: {', '.join(bare)}")
    else:
        yield Finding("schema", "ok", "current; every table of a division has row-level security")


def _district() -> Iterator[Finding]:
    root = places.root()
    if root is None:
        yield Finding("district", "fault", "none is loaded", "run `onecity init --adcode N`")
    else:
        yield Finding("district", "ok", f"{root.name} ({root.code})")


def _web(env: Environment) -> Iterator[Finding]:
    try:
        answer = httpx.get(f"http://127.0.0.1:{env.port}/healthz", timeout=3)
    except httpx.HTTPError:
        yield Finding("web", "warning", f"nothing answers on port {env.port}", "start it with `onecity up`")
        return
    state = "ok" if answer.status_code == 200 else "fault"
    yield Finding(
        "web",
        state,
        f"answers {answer.status_code} at {clock.now():%H:%M:%S} UTC",
        "" if state == "ok" else f"see {settings.ONECITY_HOME}/log/web.log",
    )
