"""Icons of one set, read from the npm package and set into the page as SVG, so that they follow the text's colour."""

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

NAME = re.compile(r"[a-z0-9-]+\Z")
BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
# what manifests call the things of the city
ALIASES = {"air": "wind", "noise": "volume-2", "water": "droplets", "": "circle-dot"}
FRAME = (
    '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round"'
    ' stroke-linejoin="round" aria-hidden="true">{}</svg>'
)


def folder() -> Path:
    """Where the icon package keeps its drawings."""
    return Path(settings.ONECITY_NODE_MODULES) / "lucide-static" / "icons"


@lru_cache(maxsize=512)
def svg(name: str) -> SafeString:
    """The drawing `name` as inline SVG; nothing where the set has none, since an icon never carries meaning alone."""
    file = folder() / f"{ALIASES.get(name, name)}.svg"
    if (name and not NAME.match(name)) or not file.is_file():
        return SafeString("")
    match = BODY.search(file.read_text(encoding="utf-8"))
    body = re.sub(r"\s+", " ", match.group(1)).strip() if match else ""
    return mark_safe(FRAME.format(body))  # noqa: S308 - the text is a file of an installed package, not input
