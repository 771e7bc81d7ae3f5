"""The Link header, in both directions: the @context of a request, and contexts and pages of an answer (RFC 8288)."""

import re
from functools import lru_cache

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems

CONTEXT_RELATION = "http://www.w3.org/ns/json-ld#context"
LINK = re.compile(
    r"\s*<([^<>]*)>\s*((?:;\s*[\w!#$&+.^`|~*-]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\";,]*))?\s*)*)(?:,|$)"
)
PARAMETER = re.compile(r";\s*([\w!#$&+.^`|~*-]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\";,]*)))?")


@lru_cache(maxsize=512)
def context_link(header: str) -> str | None:
    """The address of the JSON-LD @context that a Link header names, None where it names none.

    Raises Problem 400 where it names two different ones (JSON-LD 1.1, 6.1).
    """
    targets = []
    for target, parameters in LINK.findall(header):
        found = {name.lower(): quoted or plain for name, quoted, plain in PARAMETER.findall(parameters)}
        if CONTEXT_RELATION in found.get("rel", "").split():
            targets.append(target.strip())
    if len(set(targets)) > 1:
        raise problems.bad_request(_("The Link header names more than one @context."))
    return targets[0] if targets else None


def context_header(link: str) -> tuple[str, str]:
    """The header that tells the @context of an answer in application/json (6.3.6)."""
    return "Link", f'<{link}>; rel="{CONTEXT_RELATION}"; type="application/ld+json"'


def page_header(target: str, relation: str, media: str) -> tuple[str, str]:
    """The header that leads to another page (6.3.10)."""
    return "Link", f'<{target}>;rel="{relation}";type="{media}"'
