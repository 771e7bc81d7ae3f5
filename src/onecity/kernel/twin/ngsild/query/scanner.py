"""Reads a text from left to right and says where it went wrong: the ground of every parser here."""

import re
from typing import NoReturn

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.limits import DEPTH, TEXT
from onecity.kernel.twin.ngsild.query.problems import BadQuery

SPACE = re.compile(r"[ \t\r\n]*")
# a short name (4.6.2: letters, digits, underscore; hyphen and prefix colon are accepted), or a whole IRI, dots and all
NAME = re.compile(r"[^\W\d][\w\-]*", re.UNICODE)
PREFIXED = re.compile(r"[^\W\d][\w\-]*(?::[\w\-]+)?", re.UNICODE)
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s\[\]{}()|;,<>=!~\"]+", re.UNICODE)
URN = re.compile(r"urn:[^\s\[\]{}()|;,<>=!~\".]+", re.UNICODE)


class Scanner:
    """A text and a place in it. `depth` counts what is open, so that recursion stays bounded."""

    def __init__(self, text: str, parameter: str) -> None:
        self.text = text
        self.parameter = parameter
        self.at = 0
        self.depth = 0
        if len(text) > TEXT:
            raise BadQuery(parameter, _("At most {limit} characters are read.", limit=TEXT))

    def fail(self, reason: Text, at: int | None = None) -> NoReturn:
        """Raise BadRequestData with the place."""
        raise BadQuery(self.parameter, reason, self.at if at is None else at, self.text)

    def skip(self) -> None:
        """Pass over spaces."""
        found = SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def ended(self) -> bool:
        """Tell whether nothing but spaces is left."""
        self.skip()
        return self.at >= len(self.text)

    def peek(self) -> str:
        """Return the next character that is no space, "" at the end."""
        self.skip()
        return self.text[self.at : self.at + 1]

    def accept(self, *tokens: str) -> str:
        """Pass over the first of `tokens` that stands here and return it, "" when none does."""
        self.skip()
        for token in tokens:
            if self.text.startswith(token, self.at):
                self.at += len(token)
                return token
        return ""

    def expect(self, token: str) -> None:
        """Pass over `token` or say that it is missing."""
        if not self.accept(token):
            self.fail(_("“{token}” is expected here.", token=token))

    def match(self, pattern: re.Pattern[str]) -> str:
        """Pass over what `pattern` finds here and return it, "" when it finds nothing."""
        self.skip()
        found = pattern.match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        return found.group()

    def name(self, *, prefixed: bool = True) -> str:
        """Read a name: a whole IRI or a term, with a prefix where `prefixed`."""
        found = self.match(IRI) or (self.match(URN) if prefixed else "") or self.match(PREFIXED if prefixed else NAME)
        if not found:
            self.fail(_("A name is expected here: a letter, then letters, digits or “_”."))
        return found

    def open(self) -> None:
        """Count one more bracket that is open."""
        self.depth += 1
        if self.depth > DEPTH:
            self.fail(_("Brackets may be {limit} deep at most.", limit=DEPTH))

    def close(self) -> None:
        """Count one bracket less."""
        self.depth -= 1

    def finish(self) -> None:
        """Say so when something is left that was not read."""
        if not self.ended():
            self.fail(_("This cannot stand here."))
