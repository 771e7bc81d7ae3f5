"""Cards of people of the simulated district, so that a demonstration's machine can be tried without a reader."""

from collections.abc import Callable, Sequence

from onecity.domains.services.kiosk.cards import Card

_bring: list[Callable[[], Sequence[Card]]] = []


def bring(deck: Callable[[], Sequence[Card]]) -> None:
    """Name where such cards come from; called once by whatever starts a demonstration."""
    _bring[:] = [deck]


def cards() -> Sequence[Card]:
    """A few cards, or none."""
    return _bring[0]() if _bring else ()


def card(number: str) -> Card | None:
    """The card of this number among them."""
    return next((one for one in cards() if one.number == number), None)
