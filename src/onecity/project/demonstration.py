"""What a demonstration is connected to in place of real systems: the registers of the simulated district."""

from collections.abc import Sequence

from django.conf import settings

from onecity.domains.services.registers import connected
from onecity.kernel.people import checking
from onecity.kernel.places import service as places
from onecity.sim.registers.source import Registers


def connect() -> Registers | None:
    """Let the simulated registers answer in this process; a real installation is connected to nothing by itself."""
    if not settings.ONECITY_DEMO:
        return None
    registers = Registers(towns=_towns)
    connected.connect(registers)
    if checking.register() is None:
        checking.bring(lambda _account, number, name: registers.knows(number, name))
    return registers


def _towns() -> Sequence[tuple[str, str]]:
    root = places.root()
    return [(one.path, one.name) for one in places.children(root.path)] if root else []
