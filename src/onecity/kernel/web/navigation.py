"""The menus: which doors and pages a reader is shown, from what the packages offer and what the account may open."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from onecity.kernel.registry import registry

DESK, RESIDENTS, OPS = "desk", "residents", "ops"


@dataclass(frozen=True)
class Item:
    """One entry of a menu; `permission` opens the page behind it ("": everyone)."""

    path: str
    title: object
    icon: str = ""
    permission: str = ""
    current: bool = False


@dataclass(frozen=True)
class Group:
    """Entries of the rail under one word."""

    title: object
    items: tuple[Item, ...]


# the kernel's own desk pages; those of domains come from their manifests
WORK = (
    Item("/desk", _("Today"), "sun", ""),
    Item("/desk/cases", _("Cases"), "clipboard-list", "cases.view"),
    Item("/desk/intake", _("Take a call"), "phone-incoming", "cases.open"),
    Item("/desk/cases/duplicates", _("Possible duplicates"), "share-2", "cases.dispatch"),
    Item("/desk/certificates", _("Certificates"), "badge-check", "certificates.view"),
    Item("/desk/alerts", _("Alerts"), "siren", "alerts.view"),
    Item("/desk/inbox", _("Messages"), "inbox", ""),
)
OUTSIDE = (
    Item("/desk/dispatch", _("Field dispatch"), "route", "cases.dispatch"),
    Item("/desk/shifts", _("Duty roster"), "calendar-days", "cases.view"),
    Item("/field", _("Field work"), "smartphone", "cases.handle"),
)
LEARN = (
    Item("/desk/scores", _("Score card"), "chart-bar", "cases.view"),
    Item("/desk/hotspots", _("Hot spots"), "flame", "cases.view"),
    Item("/desk/bottlenecks", _("Bottlenecks"), "hourglass", "cases.view"),
    Item("/desk/topics", _("Hot topics"), "message-square", "cases.view"),
)
KNOW = (
    Item("/desk/entities", _("Devices and places"), "map-pinned", "entities.view"),
    Item("/desk/rules", _("Rules"), "sliders-horizontal", "rules.view"),
    Item("/desk/subscriptions", _("Subscriptions"), "rss", "entities.edit"),
    Item("/desk/sources", _("Context sources"), "share-2", "entities.view"),
    Item("/desk/snapshots", _("Snapshots"), "camera", "entities.edit"),
    Item("/desk/codecs", _("Codecs"), "binary", "telemetry.view"),
    Item("/desk/uploads", _("Upload a table"), "upload", "telemetry.manage"),
    Item("/desk/quarantine", _("Quarantine"), "shield-question-mark", "telemetry.view"),
    Item("/desk/tiers", _("Towns and district"), "network", "tiers.view"),
)
MANAGE = (
    Item("/desk/archive", _("Archive"), "archive", "archive.view"),
    Item("/desk/seals", _("Seals"), "stamp", "seals.view"),
    Item("/desk/case-types", _("Kinds of case"), "workflow", "cases.view"),
    Item("/desk/names", _("Who sees whose name"), "shield-check", "cases.names"),
    Item("/desk/keeping", _("Keeping and erasing"), "history", "cases.keep"),
    Item("/desk/people", _("People and roles"), "users", "people.view"),
    Item("/desk/audit", _("Audit trail"), "scroll-text", "audit.view"),
)

# every desk page of the kernel's own
KERNEL = (*WORK, *OUTSIDE, *LEARN, *KNOW, *MANAGE)


def doors(path: str, permissions: frozenset[str]) -> tuple[Item, ...]:
    """The entries of the top bar: the residents' pages, and the staff's doors for those who hold any right."""
    items = [Item("/", _("Start")), Item("/report", _("Report something")), Item("/nearby", _("Around here"))]
    items += _pages(RESIDENTS, permissions)
    if permissions:
        items += [Item("/desk", _("Desk")), Item("/ops", _("Operations"))]
    return _mark(items, _best(items, path))


def rail(path: str, permissions: frozenset[str], known: Iterable[str]) -> tuple[Group, ...]:
    """The groups of the desk's menu; `known` are the addresses that this installation has."""
    here = frozenset(known)
    groups = (
        Group("", _allowed(WORK, permissions, here)),
        Group(_("In the field"), _allowed(OUTSIDE, permissions, here)),
        Group(_("How well it works"), _allowed(LEARN, permissions, here)),
        Group(_("Know"), _allowed(KNOW, permissions, here)),
        Group(_("Systems"), tuple(_pages(DESK, permissions))),
        Group(_("Administration"), _allowed(MANAGE, permissions, here)),
    )
    best = _best((item for group in groups for item in group.items), path)
    return tuple(Group(group.title, _mark(group.items, best)) for group in groups if group.items)


def offered(permissions: frozenset[str]) -> tuple[Item, ...]:
    """Every page of every door that the account may open; for the search."""
    kernel = [item for item in KERNEL if permissions and item.permission in {"", *permissions}]
    return (*_pages(RESIDENTS, permissions), *_pages(OPS, permissions), *_pages(DESK, permissions), *kernel)


def _pages(door: str, permissions: frozenset[str]) -> list[Item]:
    pages = [page for domain in registry.domains() for page in domain.pages if page.door == door]
    pages.sort(key=lambda page: (page.order, page.path))
    return [
        Item(page.path, page.title, page.icon, page.permission)
        for page in pages
        if not page.permission or page.permission in permissions
    ]


def _allowed(items: Iterable[Item], permissions: frozenset[str], known: frozenset[str]) -> tuple[Item, ...]:
    return tuple(i for i in items if i.path in known and (not i.permission or i.permission in permissions))


def _best(items: Iterable[Item], path: str) -> str:
    """The longest address of the menu that the page lies at or below."""
    clean = path.rstrip("/") or "/"
    return max(
        (i.path for i in items if clean == i.path or (i.path != "/" and clean.startswith(i.path + "/"))),
        key=len,
        default="",
    )


def _mark(items: Iterable[Item], current: str) -> tuple[Item, ...]:
    return tuple(replace(item, current=item.path == current) for item in items)
