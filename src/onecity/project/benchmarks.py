"""Every measurement that `onecity bench NAME` knows; each returns its figures, what they are compared with and the sizes."""

from contextlib import nullcontext
from importlib import import_module

from onecity.domains.environment.domain import AIR_STATION
from onecity.domains.services.registers.port import Subject
from onecity.project import environment
from onecity.project.language import gettext as _
from onecity.project.stack import postgres
from onecity.project.stack.offline import database
from onecity.sim.registers.people import adults
from onecity.sim.registers.source import Registers

# loaded only when asked for: a measurement brings tools that the platform does not need
MODULES = {
    "cases": "onecity.kernel.cases.bench",
    "city": "onecity.kernel.rules.bench.city",
    "decisions": "onecity.domains.services.applying.bench",
    "dispatch": "onecity.kernel.cases.dispatching.bench",
    "ingest": "onecity.kernel.telemetry.bench.ingest",
    "places": "onecity.kernel.places.bench",
    "rules": "onecity.kernel.rules.bench",
    "twin": "onecity.kernel.twin.bench",
}
MANY_HOUSEHOLDS, MANY_PEOPLE, BORN_BEFORE = 2_500, 1_000, 1955
# these make a database of their own beside the installation's
ON_A_DATABASE = {"cases", "decisions", "rules"}


def run(name: str, *, quick: bool) -> dict[str, object]:
    """Measure; RuntimeError where there is no such measurement."""
    if name not in MODULES:
        raise RuntimeError(_("Choose a measurement: {names}.").format(names=", ".join(sorted(MODULES))))
    # readings of air stations, so that the rules of the environment are at work
    more: dict[str, object] = {"kind": AIR_STATION} if name == "ingest" else {}
    if name in {"city", "twin"}:
        more = {"database": _database_of}
    if name == "decisions":
        more = _pensioners()
    with database() if name in ON_A_DATABASE else nullcontext():
        result: dict[str, object] = import_module(MODULES[name]).run(quick=quick, **more)
    return result


def _pensioners() -> dict[str, object]:
    """The simulated registers, and the people in them who are entitled to an allowance."""
    registers = Registers(MANY_HOUSEHOLDS)
    homes = registers.population.households
    old = [one for one in adults(registers.population) if one.born_on.year < BORN_BEFORE and homes[one.household].local]
    return {"registers": registers, "people": [Subject("person", one.number, one.name) for one in old[:MANY_PEOPLE]]}


def _database_of(values: dict[str, str]) -> dict[str, object]:
    """How the database of an installation with this environment is reached, as the driver names it."""
    env = environment.read(values)
    found = environment.database(env, postgres.socket_dir(env.home))
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {own: found[name] for name, own in names.items() if found.get(name)}
