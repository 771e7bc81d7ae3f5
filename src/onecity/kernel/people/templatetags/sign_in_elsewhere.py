"""Why signing in to another system did not go on, in its reader's language: the library says it in English only."""

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext_lazy as _

register = template.Library()

# by the name of the library's error (RFC 6749, 4.1.2.1: such errors are shown here and not sent to the other system)
WORDS: Mapping[str, object] = {
    "InvalidClientIdError": _("The system you come from is not registered here."),
    "MissingClientIdError": _("The system you come from did not say which one it is."),
    "MissingRedirectURIError": _("The system you come from did not say where to lead you back to."),
    "InvalidRedirectURIError": _("The address to lead you back to is not a web address."),
    "MismatchingRedirectURIError": _("The address to lead you back to is not one that was registered for that system."),
    "InvalidClientError": _("The system you come from could not prove which one it is."),
}
OTHER = _("The system you come from sent something that cannot be understood.")


@register.filter
def in_words(error: object) -> str:
    """The sentence for an error."""
    return str(WORDS.get(type(error).__name__, OTHER))
