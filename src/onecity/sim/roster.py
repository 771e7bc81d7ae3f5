"""Everything that the simulated district simulates; a domain with a simulation is one line here."""

from onecity.domains.environment.sim import Simulation as Environment
from onecity.sim.simulation import Simulation


def simulations() -> tuple[Simulation, ...]:
    """Fresh simulations of all domains that have one."""
    return (Environment(),)
