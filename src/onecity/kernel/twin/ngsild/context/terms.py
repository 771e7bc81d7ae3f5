"""The @context of one request: turns terms into stored names and back, by look-ups that remember what they found.

A stored name is the IRI of a term, without its beginning where that is the default vocabulary of NGSI-LD (5.5.7).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.core import CORE_URL, DEFAULT_VOCAB, PREFIXES, core_terms
from onecity.kernel.twin.ngsild.model.names import is_name, is_uri
from onecity.kernel.twin.ngsild.model.problems import bad_request

REMEMBERED: Final = 8_192  # names that one context remembers each way; more (a hostile client's) start afresh

Source = str | Mapping[str, Any] | list[Any] | None


def stored_name(iri: str) -> str:
    """The stored name of a whole IRI."""
    rest = iri.removeprefix(DEFAULT_VOCAB)
    return rest if rest is not iri and rest and ":" not in rest else iri


def iri_of(stored: str) -> str:
    """The whole IRI of a stored name."""
    return stored if ":" in stored else DEFAULT_VOCAB + stored


class Context:
    """One processed @context. `source` is what the client gave (URL, object, array), None where it gave nothing.

    `terms`: term → whole IRI of the client's own terms; the core's come on top, since it is protected (4.4). `prefixes`:
    those of the terms that may stand before a colon. `aliases`: terms that stand for `@id` or `@type`.
    """

    __slots__ = ("_compacted", "_expanded", "_inverse", "_names", "_prefixes", "_terms", "aliases", "source")

    def __init__(
        self,
        source: Source = None,
        terms: Mapping[str, str] | None = None,
        prefixes: Iterable[str] = (),
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        own = {term: iri for term, iri in (terms or {}).items() if term not in PREFIXES}
        self.source = source
        self.aliases = dict(aliases or {})
        self._terms = own | core_terms()
        self._prefixes = {term: own[term] for term in prefixes if term in own} | PREFIXES
        self._inverse = _inverse(own)
        self._expanded: dict[str, str] = {}
        self._compacted: dict[str, str] = {}
        self._names: dict[str, str] = {}

    @property
    def link(self) -> str:
        """The address for a Link header: the client's, when it gave one, else that of the core @context."""
        if isinstance(self.source, str):
            return self.source
        if isinstance(self.source, list) and len(self.source) == 1 and isinstance(self.source[0], str):
            return self.source[0]
        return CORE_URL

    def expand(self, term: str) -> str:
        """The stored name of a term, a prefixed name or a whole IRI."""
        found = self._expanded.get(term)
        if found is None:
            found = stored_name(self._iri(term))
            _remember(self._expanded, term, found)
        return found

    def name(self, term: str) -> str:
        """Like `expand`, for names of types and attributes; raises Problem where 4.6.2 does not allow the name."""
        found = self._names.get(term)
        if found is None:
            if not is_name(term):
                raise bad_request(
                    _(
                        "{name} is no name: a name is a letter followed by letters, digits and _.",
                        name=repr(term)[:200],
                    ),
                    term[:200],
                )
            found = self.expand(term)
            if not found or "\x00" in found:
                raise bad_request(_("{name} stands for nothing in the @context.", name=term), term)
            _remember(self._names, term, found)
        return found

    def compact(self, stored: str) -> str:
        """The shortest name that expands to `stored` again: a term, a prefixed name, else the whole IRI."""
        found = self._compacted.get(stored)
        if found is None:
            found = self._shortest(stored)
            _remember(self._compacted, stored, found)
        return found

    def _iri(self, term: str) -> str:
        found = self._terms.get(term)
        if found is not None:
            return found
        prefix, colon, rest = term.partition(":")
        if not colon:
            return DEFAULT_VOCAB + term
        if prefix == "_" or rest.startswith("//"):
            return term
        base = self._prefixes.get(prefix)
        return term if base is None else base + rest

    def _shortest(self, stored: str) -> str:
        term = self._inverse.get(stored)
        if term is not None:
            return term
        if ":" not in stored:
            if self.expand(stored) == stored:
                return stored
            # the term means something else in this @context (JSON-LD 1.1, 6.3)
            stored = DEFAULT_VOCAB + stored
        found = [
            name
            for prefix, base in self._prefixes.items()
            if len(base) < len(stored) and stored.startswith(base)
            for name in (f"{prefix}:{stored[len(base) :]}",)
            if name not in self._terms and is_uri(name) and self._iri(name) == stored
        ]
        return min(found, key=_shortness, default=stored)


def _shortness(term: str) -> tuple[int, str]:
    return len(term), term


def _remember(memory: dict[str, str], key: str, value: str) -> None:
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[key] = value


def _inverse(own: Mapping[str, str]) -> dict[str, str]:
    core = core_terms()
    inverse: dict[str, str] = {}
    for term in sorted((term for term in own if term not in core), key=_shortness, reverse=True):
        inverse[stored_name(own[term])] = term
    for term in sorted(core, key=_shortness, reverse=True):
        inverse[stored_name(core[term])] = term
    return inverse


CORE: Final = Context()
"""The @context of a request that gives none (5.5.5)."""
