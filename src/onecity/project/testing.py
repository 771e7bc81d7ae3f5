"""Pytest plug-in: a PostgreSQL of its own for the test run, started before Django reads its settings."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

# A run that failed must fail again; new examples are for `make soak`, which asks for the other profile.
# Fewer of them than when they are drawn anew: the same ones found what they can find on the first run.
settings.register_profile("seeded", derandomize=True, database=None, max_examples=40)
settings.register_profile("random", derandomize=False, print_blob=True, max_examples=300)
settings.load_profile("seeded")

HOME = Path(tempfile.mkdtemp(prefix="onecity-test-"))
os.environ["ONECITY_HOME"] = str(HOME)
os.environ["ONECITY_PROCESS"] = "owner"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onecity.project.settings")

from django.db import connection  # noqa: E402 - the variables above must be set before settings are read
from django.utils import translation  # noqa: E402 - same

from onecity.project.stack.postgres import Postgres, socket_dir  # noqa: E402 - same

_server: list[tuple[Postgres, subprocess.Popen[bytes]]] = []


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server; nothing but unit tests would be quick enough without one."""
    if not session.config.option.collectonly:
        server = Postgres(HOME, fast=True)
        _server.append((server, server.start()))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and remove everything it wrote."""
    for server, process in _server:
        server.stop(process)
    _server.clear()
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.rmtree(socket_dir(HOME), ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The test database is made anew in a server of its own: no suffix is needed."""


@pytest.fixture(autouse=True)
def _forget_what_was() -> None:
    """A page must not name the district of an earlier test, nor speak its language; loaded by name, since models exist only
    once Django is set up."""
    translation.deactivate()
    import_module("onecity.kernel.web.place").forget()


@pytest.fixture
def app_role(db: None) -> Iterator[None]:
    """Run the test's statements as the application's role, which row-level security binds."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        yield
        cursor.execute("RESET ROLE")
