"""Orders texts as people expect: the root order of ICU in small, the same in Python and in PostgreSQL (4.23.1, RFC 6067).

Neither this PostgreSQL nor Python carries ICU. The key here has the root's levels: letters without marks and case first, then
marks, then case; punctuation before digits before letters. Tailorings of single languages (`de-u-co-phonebk`) are accepted and
ordered as the root does; strength (`ks`) is honoured.
"""

import re

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.problems import BadQuery

# RFC 6067 / BCP 47: a language, script, region, variants, and the -u- extension with its keys
TAG = re.compile(
    r"(?:und|[A-Za-z]{2,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?(?:-(?:[A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*"
    r"(?:-u(?:-[A-Za-z0-9]{3,8})*(?:-[A-Za-z0-9][A-Za-z](?:-[A-Za-z0-9]{3,8})*)*)?(?:-x(?:-[A-Za-z0-9]{1,8})+)?"
)


def check_collation(tag: str) -> str:
    """Return the collation tag; raise BadRequestData when it is not one of RFC 6067."""
    if tag and (len(tag) > 100 or not TAG.fullmatch(tag)):
        raise BadQuery("collation", _("The collation is a language tag such as und, zh or de-u-co-phonebk."))
    return tag
