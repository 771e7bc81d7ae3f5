"""Orders texts as people expect: the root order of ICU in small, the same in Python and in PostgreSQL (4.23.1, RFC 6067).

Neither this PostgreSQL nor Python carries ICU. The key here has the root's levels: letters without marks and case, then
marks, then case; space and punctuation before digits before letters. Tailorings of single languages (`de-u-co-phonebk`)
are accepted and ordered as the root does; the strength (`ks`) is honoured.
"""

import re
import unicodedata
from collections.abc import Callable

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.problems import BadQuery

# RFC 6067 / BCP 47: a language, script, region, variants, and the -u- extension with its keys
TAG = re.compile(
    r"(?:und|[A-Za-z]{2,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?(?:-(?:[A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*"
    r"(?:-u(?:-[A-Za-z0-9]{3,8})*(?:-[A-Za-z0-9][A-Za-z](?:-[A-Za-z0-9]{3,8})*)*)?(?:-x(?:-[A-Za-z0-9]{1,8})+)?"
)
STRENGTH = re.compile(r"-u(?:-[a-z0-9]+)*?-ks-([a-z0-9]+)")
LEVELS = {"level1": 1, "primary": 1, "level2": 2, "secondary": 2, "level3": 3, "tertiary": 3}
# the standard's own example calls for "identic", which it describes as not minding case
CASELESS = frozenset({"identic"})
# printable ASCII that is no letter or digit, in the root's order (CLDR root collation chart): moved in front of the digits
PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
FRONT = {ord(char): chr(3 + place) for place, char in enumerate(PUNCTUATION)} | {ord(" "): "\x01", ord("\t"): "\x02"}
Key = tuple[str, ...]


def check_collation(tag: str) -> str:
    """Return the collation tag; raise BadRequestData when it is not one of RFC 6067."""
    if tag and (len(tag) > 100 or not TAG.fullmatch(tag)):
        raise BadQuery("collation", _("The collation is a language tag such as und, zh or de-u-co-phonebk."))
    return tag


def primary(text: str) -> str:
    """Return the letters alone: no marks, no case, punctuation in front."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold().translate(FRONT)


def text_key(tag: str) -> Callable[[str], Key]:
    """Return the function that gives a text its key under a collation; texts with equal keys keep the order of their ids."""
    found = STRENGTH.search(tag.lower())
    word = found.group(1) if found else ""
    level = 2 if word in CASELESS else LEVELS.get(word, 3)
    if level == 1:
        return lambda text: (primary(text),)
    if level == 2:
        return lambda text: (primary(text), unicodedata.normalize("NFD", text.casefold()))
    # small letters come before large ones
    return lambda text: (primary(text), unicodedata.normalize("NFD", text.casefold()), text.swapcase())
