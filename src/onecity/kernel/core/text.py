"""Sentences for people that are put into the reader's language when they are read, without knowing who translates.

The pure core may not import Django; the application that does installs its `gettext` here once, at start.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_translators: list[Callable[[str], str]] = []


class Text:
    """A sentence with named places, in English, rendered by `str()` in the language that is active then."""

    __slots__ = ("parameters", "template")

    def __init__(self, template: str, parameters: dict[str, Any]) -> None:
        self.template = template
        self.parameters = parameters

    def __str__(self) -> str:
        template = _translators[-1](self.template) if _translators else self.template
        return template.format(**self.parameters)

    def __repr__(self) -> str:
        return f"Text({self.template!r}, {self.parameters!r})"


def lazy(template: str, **parameters: Any) -> Text:
    """Return the sentence `template`, with `{name}` for each parameter, to be translated when it is read."""
    return Text(template, parameters)


def install_translator(translate: Callable[[str], str]) -> None:
    """Let all sentences of the core be translated by `translate` from now on."""
    _translators[:] = [translate]


@contextmanager
def use_translator(translate: Callable[[str], str]) -> Iterator[None]:
    """Let sentences be translated by `translate` inside the `with` block, whatever the context."""
    before = list(_translators)
    _translators[:] = [translate]
    try:
        yield
    finally:
        _translators[:] = before
