"""Mistakes in a definition with their places: the sentences of the checks, cut into a place, a code and what they name.

The checks of `logic.definition` speak English sentences, as programs and files need them; here they become something that
a page can say in its reader's language beside the field that is wrong.
"""

import re
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong: `place` is the dotted path within the definition, `code` the sort of mistake, `names` what it is about;
    `told` the sentence as the check wrote it."""

    place: str
    code: str
    told: str
    names: tuple[str, ...] = field(default=())


PATTERNS: Final = (
    ("states", "doubled_state", r"state '(.*)' is declared twice"),
    ("transitions", "doubled_step", r"transition '(.*)' is declared twice"),
    ("initial", "unknown_initial", r"the initial state '(.*)' is not declared"),
    ("transitions", "unknown_state", r"transition '(.*)' names the unknown state '(.*)'"),
    ("states", "unreached", r"no way leads to the state '(.*)'"),
    ("states", "endless", r"from the state '(.*)' no way leads to an end"),
    ("states", "no_end", r"no state is final: .*"),
    ("limits", "no_time", r"a limit must be longer than nothing, not (.*)"),
    ("limits", "unknown_stage", r"a limit names the unknown stage '(.*)'"),
    ("limits", "broken_days", r"(.*) (?:working|calendar)_days: days are counted whole"),
    ("", "doubled_code", r"(.*): the code '(.*)' is there twice"),
    ("results", "no_results", r"transition '(.*)' asks for a result, but no results are declared"),
    ("ladder", "ladder", r"the rungs of the ladder must rise.*"),
    ("rating", "bad_rating", r"ratings up to (.*) stars cannot all be bad ones"),
    ("", "unknown_member", r"Object contains unknown field `(.*)`"),
    ("", "missing_member", r"Object missing required field `(.*)`"),
    ("", "not_offered", r"Invalid enum value '?(.*?)'?"),
    ("", "wrong_sort", r"Expected (.*?), got (.*)"),
)
AT: Final = re.compile(r"(.*?)(?: - at `(?:key in )?\$\.?(.*)`)?", re.DOTALL)


def placed(sentence: str) -> Mistake:
    """The sentence of a check as a mistake at its place; one that is not known keeps its words."""
    matched = AT.fullmatch(sentence)
    words, place = (matched[1], matched[2] or "") if matched else (sentence, "")
    for where, code, pattern in PATTERNS:
        found = re.fullmatch(pattern, words)
        if found:
            return Mistake(place or where, code, words, found.groups())
    return Mistake(place, "other", words)
