"""Which language the command line speaks, and its words: known before Django is, since its first words may be an error.

Chinese is the platform's language, so it is spoken unless somebody asks for another one: by ONECITY_LANG, else by the
locale of the terminal (LC_ALL, LC_MESSAGES, LANG). The locale C says nothing about people and changes nothing.
"""

import gettext as catalogues
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

CHINESE, ENGLISH = "zh-hans", "en"
SAYS_NOTHING = frozenset({"", "C", "POSIX"})
FOLDER = Path(__file__).parent / "locale"


def chosen(env: Mapping[str, str] | None = None) -> str:
    """The language for these variables (those of the process where none are given), as Django names it."""
    values = os.environ if env is None else env
    named = [values.get(name, "") for name in ("ONECITY_LANG", "LC_ALL", "LC_MESSAGES", "LANG")]
    asked = next((name for name in named if name.split(".")[0] not in SAYS_NOTHING), "")
    return CHINESE if not asked or asked.lower().startswith("zh") else ENGLISH


def gettext(text: str) -> str:
    """The text in the language of the command line."""
    return text if chosen() == ENGLISH else _catalogue().gettext(text)


@lru_cache(maxsize=1)
def _catalogue() -> catalogues.NullTranslations:
    return catalogues.translation("django", FOLDER, languages=["zh_Hans"], fallback=True)
