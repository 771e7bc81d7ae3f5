"""Every measurement that `onecity bench NAME` knows; each returns its figures, what they are compared with and the sizes."""

from contextlib import nullcontext
from importlib import import_module

from onecity.domains.environment.domain import AIR_STATION
from onecity.project import environment
from onecity.project.language import gettext as _
from onecity.project.stack import postgres
from onecity.project.stack.offline import database

# loaded only when asked for: a measurement brings tools that the platform does not need
MODULES = {
    "cases": "onecity.kernel.cases.bench",
    "city": "onecity.kernel.rules.bench.city",
    "dispatch": "onecity.kernel.cases.dispatching.bench",
    "ingest": "onecity.kernel.telemetry.bench.ingest",
    "places": "onecity.kernel.places.bench",
    "rules": "onecity.kernel.rules.bench",
    "twin": "onecity.kernel.twin.bench",
}
# these make a database of their own beside the installation's
ON_A_DATABASE = {"cases", "rules"}


def run(name: str, *, quick: bool) -> dict[str, object]:
    """Measure; RuntimeError where there is no such measurement."""
    if name not in MODULES:
        raise RuntimeError(_("Choose a measurement: {names}.").format(names=", ".join(sorted(MODULES))))
    # readings of air stations, so that the rules of the environment are at work
    more: dict[str, object] = {"kind": AIR_STATION} if name == "ingest" else {}
    if name in {"city", "twin"}:
        more = {"database": _database_of}
    with database() if name in ON_A_DATABASE else nullcontext():
        result: dict[str, object] = import_module(MODULES[name]).run(quick=quick, **more)
    return result


def _database_of(values: dict[str, str]) -> dict[str, object]:
    """How the database of an installation with this environment is reached, as the driver names it."""
    env = environment.read(values)
    found = environment.database(env, postgres.socket_dir(env.home))
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {own: found[name] for name, own in names.items() if found.get(name)}
