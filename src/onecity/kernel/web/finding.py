"""The search of the start page: pages, divisions, entities and cases by name, only what the reader may see."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onecity.kernel.access import policy
from onecity.kernel.cases import listing
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.registry import registry
from onecity.kernel.twin.models import Entity, EntityKind, EntityStatus
from onecity.kernel.web.navigation import offered

LONGEST = 80
MOST = 20


@dataclass(frozen=True)
class Hit:
    """One thing found: what it is called, where it is, and what else helps to tell it from others."""

    title: str
    href: str
    detail: str = ""
    icon: str = ""


@dataclass(frozen=True)
class Group:
    """Hits of one kind."""

    title: str
    hits: tuple[Hit, ...]


Source = Callable[[str], Group]
_SOURCES: list[Source] = []


def add(source: Source) -> None:
    """Let a domain find things of its own; they come first."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def find(text: str, user: Account | AnonymousUser) -> tuple[Group, ...]:
    """Everything whose name holds `text`; row-level security hides what the reader may not see."""
    account = user if isinstance(user, Account) else None
    permissions = policy.held(account) if account else frozenset()
    groups = [
        *(source(text) for source in _SOURCES),
        Group(pgettext("search", "Pages"), _pages(text, permissions)),
        Group(_("Places and devices"), _entities(text)),
    ]
    if account and "cases.view" in permissions:
        groups.append(Group(_("Cases"), _cases(text, account)))
    return tuple(group for group in groups if group.hits)


def _pages(text: str, permissions: frozenset[str]) -> tuple[Hit, ...]:
    wanted = text.casefold()
    described = {page.path: str(domain.description) for domain in registry.domains() for page in domain.pages}
    hits = (Hit(str(i.title), i.path, described.get(i.path, ""), i.icon) for i in offered(permissions))
    return tuple(hit for hit in hits if wanted in f"{hit.title} {hit.detail}".casefold())


def _entities(text: str) -> tuple[Hit, ...]:
    rows = Entity.objects.filter(name__icontains=text, status=EntityStatus.ACTIVE).order_by("name")[:MOST]
    found = list(rows)
    kinds = {kind.name: kind for kind in EntityKind.objects.filter(name__in={row.type for row in found})}
    names = places.titles_for({row.division_path for row in found})
    return tuple(
        Hit(
            row.name,
            f"/entities/{row.id}",
            " · ".join(filter(None, (kinds[row.type].title if row.type in kinds else "", names[row.division_path]))),
            kinds[row.type].icon if row.type in kinds else "",
        )
        for row in found
    )


def _cases(text: str, account: Account) -> tuple[Hit, ...]:
    found = listing.page(account, Wanted(text=text, open=None), limit=MOST, count=False)
    names = places.titles_for({case.division_path for case in found.cases})
    return tuple(
        Hit(
            case.shown_title, f"/desk/cases/{case.id}", f"{case.number} · {names[case.division_path]}", "clipboard-list"
        )
        for case in found.cases
    )
