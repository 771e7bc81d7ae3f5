"""What pages of other packages say about towns whose share in what they show may be incomplete."""

from django import template
from django.conf import settings
from django.db import DatabaseError

from onecity.kernel.tiers import status

register = template.Library()


@register.inclusion_tag("tiers/strip.html")
def tiers_strip() -> dict[str, object]:
    """The towns that are missing from counts and maps now; nothing where the installation stands alone."""
    return {"missing": status.missing(), "parent": status.lost_parent()} if settings.ONECITY_TIER else {}


@register.inclusion_tag("tiers/notice.html")
def tiers_notice() -> dict[str, object]:
    """The same as a line of its own, for every page: no list and no count is whole while a town is missing."""
    try:
        return tiers_strip()
    except DatabaseError:
        # a page that says that the database failed says enough
        return {}
