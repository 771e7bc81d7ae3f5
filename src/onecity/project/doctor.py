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
from onecity.kernel.twin import indexes
from onecity.project import messages
from onecity.project.environment import Environment
from onecity.project.language import gettext as _

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
            yield Finding(_("telemetry"), state, text, mend)
        for state, text, mend in indexes.examine():
            yield Finding(_("twin"), state, text, mend)
    yield from _web(env)


def _folder(env: Environment) -> Iterator[Finding]:
    if not os.access(env.home, os.W_OK):
        yield Finding(
            _("data folder"),
            "fault",
            _("{folder} cannot be written").format(folder=env.home),
            _("give its ownership to the service's user"),
        )
        return
    free = shutil.disk_usage(env.home).free / 1e9
    state = "ok" if free > LEAST_DISK_GB else "warning"
    mend = "" if state == "ok" else _("free space, or shorten ONECITY_RETENTION_DAYS")
    text = _("{folder}, {free:.0f} GB free").format(folder=env.home, free=free)
    yield Finding(_("data folder"), state, text, mend)


def _assets(env: Environment) -> Iterator[Finding]:
    absent = [name for name in NEEDED_ASSETS if not (env.node_modules / name).is_dir()]
    if absent:
        text = _("missing: {names}").format(names=", ".join(absent))
        yield Finding(_("web assets"), "fault", text, _("run “make node_modules/.runtime”"))
    else:
        text = _("{n} npm packages in {folder}").format(n=len(NEEDED_ASSETS), folder=env.node_modules)
        yield Finding(_("web assets"), "ok", text)


def _translations() -> Iterator[Finding]:
    stale = [p for p in messages.packages() if _stale(messages.catalogue_path(p))]
    if stale:
        yield Finding(
            _("translations"),
            "warning",
            _("{n} catalogues not compiled").format(n=len(stale)),
            _("run “onecity messages compile”"),
        )
    else:
        yield Finding(_("translations"), "ok", _("compiled"))


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
            _("database"),
            "fault",
            str(error).strip(),
            _("start it (“onecity up”) or correct ONECITY_DATABASE_URL"),
        )
        return
    state = "ok" if number >= 160000 else "fault"
    yield Finding(
        _("database"),
        state,
        _("PostgreSQL {version}, as {role}").format(version=f"{number // 10000}.{number % 10000}", role=role),
        "" if state == "ok" else _("16 or newer is needed"),
    )
    if row is None:
        yield Finding(
            _("database roles"), "fault", _("onecity_app is missing"), _("create the roles (docs/running.md)")
        )
    elif row[0]:
        yield Finding(
            _("database roles"),
            "fault",
            _("onecity_app passes row-level security"),
            "ALTER ROLE onecity_app NOBYPASSRLS NOSUPERUSER",
        )
    else:
        yield Finding(_("database roles"), "ok", _("onecity_app is bound by row-level security"))


UNPROTECTED = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE a.attname = 'division_path' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND NOT c.relispartition
  AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""


def _schema() -> Iterator[Finding]:
    try:
        call_command("migrate", check_unapplied=True, verbosity=0)
    except (CommandError, SystemExit):
        yield Finding(
            _("schema"), "fault", _("migrations are not applied"), _("run “onecity up”, or “onecity prepare”")
        )
        return
    with connection.cursor() as cursor:
        cursor.execute(UNPROTECTED)
        bare = [row[0] for row in cursor.fetchall()]
    if bare:
        text = _("tables of a division without row-level security: {names}").format(names=", ".join(bare))
        yield Finding(_("schema"), "warning", text)
    else:
        yield Finding(_("schema"), "ok", _("current; every table of a division has row-level security"))


def _district() -> Iterator[Finding]:
    root = places.root()
    if root is None:
        yield Finding(_("district"), "fault", _("none is loaded"), _("run “onecity init --adcode N”"))
    else:
        yield Finding(_("district"), "ok", f"{root.name} ({root.code})")


def _web(env: Environment) -> Iterator[Finding]:
    try:
        answer = httpx.get(f"http://127.0.0.1:{env.port}/healthz", timeout=3)
    except httpx.HTTPError:
        text = _("nothing answers on port {port}").format(port=env.port)
        yield Finding(_("web"), "warning", text, _("start it with “onecity up”"))
        return
    state = "ok" if answer.status_code == 200 else "fault"
    yield Finding(
        _("web"),
        state,
        _("answers {status} at {time} UTC").format(status=answer.status_code, time=f"{clock.now():%H:%M:%S}"),
        "" if state == "ok" else _("see {file}").format(file=f"{settings.ONECITY_HOME}/log/web.log"),
    )
