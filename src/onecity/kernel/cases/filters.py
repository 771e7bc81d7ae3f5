"""Saved filters of the list of cases: each person's own, by name; the address of one is what is passed on."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models import SavedFilter
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

# what a list is narrowed by; its place and all else that an address may carry is not kept
NAMES: Final = ("scope", "q", "running", "state", "type", "severity", "place", "overdue")
MOST: Final = 30
LONGEST_NAME: Final = 40
LONGEST: Final = 1000


def of(account: Account) -> Sequence[SavedFilter]:
    """The filters that this person saved, by name."""
    return list(SavedFilter.objects.filter(account_id=account.id))


def plain(query: str) -> str:
    """The members of an address that narrow a list, each once and in one order, so that the same list is the same text."""
    given = dict(parse_qsl(query.lstrip("?"), keep_blank_values=True))
    return urlencode([(name, given[name]) for name in NAMES if name in given])


@transaction.atomic
def save(account: Account, name: str, query: str) -> SavedFilter:
    """Keep a filter under a name; the same name again takes the new one. Raises Problem 422: no name, too many, too long."""
    name, wanted = " ".join(name.split()), plain(query)
    if not name or len(name) > LONGEST_NAME:
        raise _invalid(_("Give the filter a name of at most 40 characters."))
    if len(wanted) > LONGEST:
        raise _invalid(_("This filter is too long to be kept."))
    others = SavedFilter.objects.filter(account_id=account.id).exclude(name=name)
    if others.count() >= MOST:
        raise _invalid(_("You have as many filters as there may be. Remove one that you do not need."))
    kept, _new = SavedFilter.objects.update_or_create(account_id=account.id, name=name, defaults={"query": wanted})
    return kept


def remove(account: Account, identity: UUID) -> None:
    """Forget one of one's own filters; one that is gone already, or somebody else's, changes nothing."""
    SavedFilter.objects.filter(account_id=account.id, id=identity).delete()


def _invalid(detail: object) -> Problem:
    return Problem(
        "filter-invalid", _("The filter was not kept."), status=422, errors=[FieldError("name", detail)], detail=detail
    )
