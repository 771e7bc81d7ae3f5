"""Chinese text as words for PostgreSQL's text search: overlapping pairs of characters, without a word list.

Chinese writes no spaces, and a dictionary of words goes stale; pairs of neighbouring characters need none and find every
phrase of two or more characters (a standard method of Chinese retrieval: Nie and Ren 1999, "Chinese information retrieval:
using characters or words?"). The last character of a run is kept alone, so that a search for one character finds it too.
"""

import re
import unicodedata

CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
RUN = re.compile(rf"[{CHINESE}]+|[^\W_{CHINESE}]+")
IS_CHINESE = re.compile(rf"[{CHINESE}]")
LONGEST_WORD = 60
MOST_WORDS = 16


def words(text: str) -> list[str]:
    """The words under which a text is found: pairs of Chinese characters, other words in lower case."""
    found: list[str] = []
    for run in RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if IS_CHINESE.match(run):
            found += [run[i : i + 2] for i in range(len(run))]
        else:
            found.append(run[:LONGEST_WORD])
    return found


def document(*texts: str) -> list[str]:
    """The different words of several texts, as `array_to_tsvector` takes them, whatever the database's locale."""
    return sorted({word for text in texts for word in words(text)})


def query(text: str) -> str:
    """What someone typed, as a `tsquery` of which all words must occur; empty when there is nothing to look for.

    Words hold letters and digits only, so nothing typed can become an operator. One character, and words that are not
    Chinese, match beginnings.
    """
    parts: list[str] = []
    for run in RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if not IS_CHINESE.match(run):
            parts.append(f"'{run[:LONGEST_WORD]}':*")
        elif len(run) == 1:
            parts.append(f"'{run}':*")
        else:
            parts += [f"'{run[i : i + 2]}'" for i in range(len(run) - 1)]
    return " & ".join(dict.fromkeys(parts[:MOST_WORDS]))
