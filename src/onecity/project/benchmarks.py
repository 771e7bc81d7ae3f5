"""Every measurement that `onecity bench NAME` knows; each returns its figures, what they are compared with and the sizes."""

from collections.abc import Callable

from onecity.kernel.cases import bench as cases
from onecity.kernel.places import bench as places
from onecity.kernel.rules import bench as rules
from onecity.kernel.rules.stage import RulesStage
from onecity.kernel.telemetry.bench import ingest

RUN: dict[str, Callable[[bool], dict[str, object]]] = {
    "places": lambda quick: places.run(quick=quick),
    "rules": lambda quick: rules.run(quick=quick),
    "cases": lambda quick: cases.run(quick=quick),
    "ingest": lambda quick: ingest.run(quick=quick, stages=[RulesStage]),
}
