"""What the frame of every page knows: place, language, brightness, menus and the reader's rights."""

import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from onecity.kernel.access import policy
from onecity.kernel.notify import feed
from onecity.kernel.web import navigation, preferences, terminal, wording
from onecity.kernel.web.place import place_name
from onecity.kernel.web.words import words

MODULES = {
    "onecity/": "web/js/",
    "htmx": "npm/htmx.org/htmx.esm.min.js",
    "echarts": "npm/echarts/echarts.esm.min.mjs",
    "maplibre-gl": "npm/maplibre-gl/maplibre-gl.mjs",
}
STAFF_PATHS = ("/desk", "/entities", "/cases")


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context `shell`: made only when a template asks for it."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def _shell(request: HttpRequest) -> dict[str, Any]:
    permissions = rights(request)
    staff = bool(permissions) and request.path.startswith(STAFF_PATHS)
    language = get_language() or "zh-hans"
    return {
        "name": "OneCity",
        "place": place_name(language),
        "demo": settings.ONECITY_DEMO,
        "nonce": getattr(request, "csp_nonce", ""),
        "import_map": import_map(),
        "language": language,
        "languages": preferences.LANGUAGES,
        "theme": preferences.theme(request),
        "themes": preferences.THEMES,
        "size": preferences.size(request),
        "sizes": preferences.SIZES,
        "terminal": terminal.of(request) is not None or terminal.is_screen(request.path),
        "terminal_bound": terminal.of(request) is not None,
        "terminal_idle": terminal.IDLE_SECONDS,
        "density": "desk" if staff else "resident",
        "doors": navigation.doors(request.path, permissions),
        "rail": navigation.rail(_menu_path(request), permissions, known_paths()) if staff else (),
        "permissions": permissions,
        "who": _who(request),
        "time_zone": settings.TIME_ZONE,
        "offset": wording.zone(timezone.localtime()),
        "zone": f"{settings.TIME_ZONE} ({wording.zone(timezone.localtime())})",
        "cursor": SimpleLazyObject(feed.head),
        "words": words(),
    }


def _menu_path(request: HttpRequest) -> str:
    """The address as the desk's menu knows it: a thing's own page belongs to the list of things."""
    return f"/desk{request.path}" if request.path.startswith("/entities") else request.path


def rights(request: HttpRequest) -> frozenset[str]:
    """The permissions that the signed-in account holds anywhere; none for nobody."""
    user = getattr(request, "user", None)
    return policy.held(user) if user is not None and user.is_authenticated else frozenset()


def _who(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    return str(user) if user is not None and user.is_authenticated else _("Not signed in")


@lru_cache(maxsize=1)
def import_map() -> SafeString:
    """The names by which ES modules import each other, as JSON for the page's import map."""
    imports = {name: staticfiles_storage.url(path) for name, path in MODULES.items()}
    return mark_safe(json.dumps({"imports": imports}))  # noqa: S308 - constants of this module


@lru_cache(maxsize=1)
def known_paths() -> frozenset[str]:
    """The desk addresses that this installation answers, so that no menu leads to nowhere."""
    return frozenset(item.path for item in navigation.KERNEL if _resolves(item.path))


def _resolves(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
