"""How a reader wants pages shown: language, brightness and type size, kept in cookies that work without an account."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST

THEME_COOKIE = "onecity_theme"
SIZE_COOKIE = "onecity_size"
THEMES = (("auto", pgettext_lazy("brightness", "Automatic")), ("light", _("Light")), ("dark", _("Dark")))
SIZES = (("normal", pgettext_lazy("type size", "Standard")), ("large", pgettext_lazy("type size", "Large")))
LANGUAGES = (("zh-hans", "中文"), ("en", "English"))
YEAR_SECONDS = 31_536_000


def theme(request: HttpRequest) -> str:
    """The chosen brightness: auto (as the device), light or dark."""
    chosen = request.COOKIES.get(THEME_COOKIE, "auto")
    return chosen if chosen in dict(THEMES) else "auto"


def size(request: HttpRequest) -> str:
    """The chosen type size: normal or large (长者版)."""
    chosen = request.COOKIES.get(SIZE_COOKIE, "normal")
    return chosen if chosen in dict(SIZES) else "normal"


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen and return to the page; unknown values change nothing."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    for field, cookie, known in (
        ("theme", THEME_COOKIE, dict(THEMES)),
        ("size", SIZE_COOKIE, dict(SIZES)),
        ("language", settings.LANGUAGE_COOKIE_NAME, dict(LANGUAGES)),
    ):
        value = request.POST.get(field, "")
        if value in known:
            response.set_cookie(cookie, value, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    return response
