"""The residents' portal: search, my things, life events, themes, departments; a page for each service and each bundle."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from onecity.domains.services.items import finding, navigation, shelves, slots, store
from onecity.domains.services.items.logic.codes import LISTS
from onecity.domains.services.items.logic.item import Item, Material
from onecity.domains.services.items.navigation import Word
from onecity.domains.services.items.shelves import COMPANY, PERSON
from onecity.kernel.cases.types import in_a_row, in_language
from onecity.kernel.people.doors import public
from onecity.kernel.people.models import Account
from onecity.kernel.web import city
from onecity.kernel.web.finding import Group, Hit

AUDIENCES: Final = (PERSON, COMPANY)
LONGEST: Final = 60
IN_SEARCH: Final = 5


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The start page: one search box, then what is mine, then the ways in."""
    audience = _audience(request)
    catalogue = shelves.catalogue()
    context: dict[str, Any] = {
        "audience": audience,
        "events": catalogue.events(audience),
        "themes": catalogue.themes(audience),
        "departments": catalogue.departments(),
        "popular": catalogue.popular(),
        "count": len(catalogue.items),
        "cards": city.cards(without="services"),
    }
    if isinstance(request.user, Account):
        context |= {"mine": slots.of(request.user), "waiting": city.mine(request.user)}
    return render(request, "services/home.html", context)


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Services found by words, or standing on a shelf; all of them where nothing is asked."""
    text = request.GET.get("q", "").strip()[:LONGEST]
    words = navigation.words()
    shelf = {
        "theme": words.themes.get(request.GET.get("theme", "")),
        "event": words.life_events.get(request.GET.get("event", "")),
        "department": words.departments.get(request.GET.get("department", "")),
    }
    chosen = next((word for word in shelf.values() if word), None)
    catalogue = shelves.catalogue()
    context: dict[str, Any] = {"text": text, "chosen": chosen, "words": words}
    if text:
        context["found"] = finding.find(text)
    else:
        keys = {name: word.key if word else "" for name, word in shelf.items()}
        asked = request.GET.get("for", "")
        context["services"] = catalogue.chosen(**keys, audience=asked if asked in AUDIENCES else "")
        context["bundles"] = _bundles(catalogue, shelf["event"], show_all=chosen is None)
    return render(request, "services/index.html", context)


def _bundles(catalogue: shelves.Catalogue, event: Word | None, *, show_all: bool) -> list[store.Published]:
    if event is None:
        return list(catalogue.bundles.values()) if show_all else []
    return [one for one in catalogue.bundles.values() if event.key in one.bundle.life_events]


@public
@require_safe
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Everything about one service, in the order in which people ask."""
    published = store.item(code)
    item = published.item
    catalogue = shelves.catalogue()
    context = {
        "published": published,
        "item": item,
        "held": [one for one in item.materials if _held(one)],
        "brought": [one for one in item.materials if not _held(one)],
        "situations": {one.key: one.name for one in item.situations},
        "department": navigation.words().departments.get(item.authority.department),
        "bundles": catalogue.containing(code),
        "beside": shelves.beside(published, catalogue.items.values()),
        "facts": _facts(item),
    }
    return render(request, "services/show.html", context)


@public
@require_safe
def bundle(request: HttpRequest, code: str) -> HttpResponse:
    """Several services done as one: what it does, in which order, with what."""
    published = store.bundle(code)
    catalogue = shelves.catalogue()
    parts = catalogue.parts(published)
    papers = {one.key: one for part, _needed in parts for one in part.item.materials}
    context = {
        "published": published,
        "bundle": published.bundle,
        "parts": parts,
        "held": [one for one in papers.values() if _held(one)],
        "brought": [one for one in papers.values() if not _held(one)],
        "automatic": sum(part.item.automatic for part, _needed in parts),
        "offices": len({part.item.authority.department for part, _needed in parts}),
    }
    return render(request, "services/bundle.html", context)


def hits(text: str) -> Group:
    """The services among what the search of the whole city finds."""
    found = finding.find(text, IN_SEARCH)
    return Group(
        pgettext("residents", "Services"),
        tuple(
            Hit(
                in_language(one.published.bundle.name if one.is_bundle else one.published.item.name),
                f"/services/things/{one.published.code}" if one.is_bundle else f"/services/{one.published.code}",
                in_language(one.published.bundle.summary if one.is_bundle else one.published.item.summary),
                "layers" if one.is_bundle else "landmark",
            )
            for one in found
        ),
    )


def _held(material: Material) -> bool:
    return bool(material.certificate_type or material.source)


def _audience(request: HttpRequest) -> str:
    asked = request.GET.get("for", "")
    return asked if asked in AUDIENCES else PERSON


def _facts(item: Item) -> list[tuple[str, str]]:
    """The official fields that few people look for, each with its name."""
    official, channels = item.official, item.channels
    yes_no = {True: _("Yes"), False: _("No")}
    rows = [
        (_("Basic code"), official.catalog_code),
        (_("Implementation code"), official.task_code),
        (_("Local code"), official.local_code),
        (_("Kind of item"), _label("kind", item.kind)),
        (_("Kind of handling"), _label("case_kind", item.case_kind)),
        (_("Carried out by"), in_language(item.authority.name)),
        (_("Code of the body"), item.authority.uscc),
        (_("Nature of the body"), _label("nature", item.authority.nature)),
        (_("Level of exercise"), _label("level", item.authority.level)),
        (_("Source of the power"), _label("power_source", item.authority.power_source)),
        (_("Who it is for"), _listed("audience", item.audience)),
        (_("Ways of handling"), _listed("form", channels.forms)),
        (_("Depth online"), _label("online_depth", channels.online_depth)),
        (_("Where it can be done"), _label("range", channels.range)),
        (_("Times to come"), str(channels.visits)),
        (_("By appointment"), yes_no[channels.appointment]),
        (_("By post"), yes_no[channels.post]),
        (_("Payment online"), yes_no[channels.payment]),
        (_("At self-service terminals"), yes_no[channels.kiosk]),
        (_("Special procedures"), in_a_row(in_language(one) for one in item.special_procedures)),
        (_("Other bodies"), in_a_row(in_language(one) for one in item.joint_bodies)),
        (_("Limit of number"), in_language(item.quota)),
        (_("Code lists"), item.edition),
    ]
    return [(name, value) for name, value in rows if value]


def _label(name: str, code: str) -> str:
    return in_language(LISTS[name].label(code))


def _listed(name: str, found: tuple[str, ...]) -> str:
    return in_a_row(_label(name, code) for code in found)
