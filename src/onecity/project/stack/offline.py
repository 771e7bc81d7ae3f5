"""The database for a command that is given while the platform does not run: started for the time of the command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.core.management import call_command
from django.db import connections

from onecity.project import environment
from onecity.project.stack.platform import CannotStartError, take_lock
from onecity.project.stack.postgres import Postgres

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@contextmanager
def database() -> Iterator[None]:
    """Have the database within; it is left alone where the platform runs, or where the installation has its own server."""
    env = environment.read()
    if not env.embedded_database:
        yield
        return
    run = env.home / "run"
    run.mkdir(parents=True, exist_ok=True)
    try:
        lock = take_lock(run / "lock")
    except CannotStartError:
        # whoever holds the folder runs the database
        yield
        return
    with lock:
        server = Postgres(env.home)
        process = server.start()
        try:
            call_command("migrate", interactive=False, verbosity=0)
            yield
        finally:
            connections.close_all()
            server.stop(process)


def with_database(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Give a command the database, whether the platform runs or not."""

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with database():
            return command(*args, **kwargs)

    return run
