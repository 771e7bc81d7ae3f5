"""What of services is mine, for the start page: offers and drafts to finish, applications under way, certificates held."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onecity.domains.services.applying import following
from onecity.domains.services.applying.models import Draft, DraftState, Entitlement, EntitlementState
from onecity.domains.services.applying.views import holding
from onecity.domains.services.items import store
from onecity.domains.services.items.slots import Entry, Slot
from onecity.kernel.cases import presentation
from onecity.kernel.cases.types import in_language
from onecity.kernel.people.models import Account

MOST = 5
MOST_HELD = 3


def slot(account: Account) -> Slot:
    """The things of an account, the most pressing first."""
    return Slot([*_offers(account), *_drafts(account)], _running(account), _held(account))


def _names(codes: set[str]) -> dict[str, str]:
    items, bundles = store.items(), store.bundles()
    known = {code: one.bundle.name for code, one in bundles.items()} | {
        code: one.item.name for code, one in items.items()
    }
    return {code: in_language(known[code]) if code in known else code for code in codes}


def _offers(account: Account) -> list[Entry]:
    found = list(Entitlement.objects.filter(account_id=account.id, state=EntitlementState.OFFERED)[:MOST])
    names = _names({one.item_code for one in found})
    return [
        Entry(
            names[one.item_code],
            reverse("applying:mine"),
            "gift",
            _("Due to you: say yes, and it is done"),
            pgettext("entitlement", "New"),
            "good",
        )
        for one in found
    ]


def _drafts(account: Account) -> list[Entry]:
    found = list(Draft.objects.filter(account_id=account.id, state=DraftState.OPEN).order_by("-changed_at")[:MOST])
    names = _names({one.item_code for one in found})
    return [
        Entry(
            names[one.item_code],
            reverse("applying:draft", args=[one.id]),
            "pencil",
            _("To be finished"),
            _("Draft"),
            "warn",
        )
        for one in found
    ]


def _running(account: Account) -> list[Entry]:
    cases = [one["case"] for one in following.rows(account, MOST * 2) if one["case"].is_open][:MOST]
    return [
        Entry(
            row.case.shown_title,
            reverse("applying:followed", args=[row.case.number]),
            detail=row.case.number,
            badge=row.state,
            tone="accent",
            deadline=row.case.final_deadline,
        )
        for row in presentation.rows(cases)
    ]


def _held(account: Account) -> list[Entry]:
    return [
        Entry(
            card.title,
            reverse("applying:certificate", args=[card.certificate.id]),
            "badge-check",
            card.certificate.number,
        )
        for card in holding.cards(account)[:MOST_HELD]
    ]
