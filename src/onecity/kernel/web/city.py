"""What start pages show of the city: its residents' pages with what they say now, and what waits for the reader."""

from dataclasses import dataclass

from onecity.kernel.cases.models import Case
from onecity.kernel.notify.models import Message
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.registry import registry
from onecity.kernel.registry.domain import Page
from onecity.kernel.web.indicators import Figure, figure

CARD_FIGURES = 3


@dataclass(frozen=True)
class CityCard:
    """A residents' page with the figures that matter first."""

    page: Page
    description: object
    figures: tuple[Figure, ...]


def cards(*, without: str = "") -> list[CityCard]:
    """The residents' pages in their order, each with its first figures; `without` those of one domain."""
    root = places.root()
    division = root.path if root else ""
    found = [
        CityCard(page, domain.description, tuple(figure(one, division) for one in domain.indicators[:CARD_FIGURES]))
        for domain in registry.domains()
        for page in domain.pages
        if page.door == "residents" and domain.name != without
    ]
    return sorted(found, key=lambda card: card.page.order)


def mine(account: Account) -> dict[str, object]:
    """What waits for this person: cases in his hands or opened by him that still run, and messages not yet read."""
    running = Case.objects.filter(closed_at__isnull=True).defer("search", "description", "evidence")
    return {
        "cases": list(running.filter(assignee_id=account.id).order_by("due_order", "id")[:5]),
        "asked": list(running.filter(opened_by_id=account.id).order_by("-opened_at")[:5]),
        "unread": Message.objects.filter(account_id=account.id, read_at__isnull=True).count(),
    }
