"""What a demonstration is connected to in place of real systems: the registers of the simulated district."""

from collections.abc import Sequence

from django.conf import settings

from onecity.domains.services.kiosk import demo as kiosk
from onecity.domains.services.kiosk.cards import Card
from onecity.domains.services.registers import connected
from onecity.kernel.people import checking
from onecity.kernel.places import service as places
from onecity.sim.registers.source import Registers

DECK = ("pensioner", "mother", "graduate", "owner", "carer", "newcomer")


def connect() -> Registers | None:
    """Let the simulated registers answer in this process; a real installation is connected to nothing by itself."""
    if not settings.ONECITY_DEMO:
        return None
    registers = Registers(towns=_towns)
    connected.connect(registers)
    if checking.register() is None:
        checking.bring(lambda _account, number, name: registers.knows(number, name))
    kiosk.bring(lambda: _deck(registers))
    return registers


def _deck(registers: Registers) -> list[Card]:
    """Identity cards of people whose lives are known beforehand."""
    people = [registers.population.persona(name) for name in DECK]
    return [Card(one.number, one.name) for one in people]


def _towns() -> Sequence[tuple[str, str]]:
    root = places.root()
    return [(one.path, one.name) for one in places.children(root.path)] if root else []
