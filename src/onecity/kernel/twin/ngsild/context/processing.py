"""Turns local contexts into tables of terms with a JSON-LD 1.1 processor (PyLD); pure: whatever is remote is given.

The core @context is known beforehand, so that a client's terms may build on its prefixes, and counts last (4.4).
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from pyld import jsonld
from pyld.resolved_context import ResolvedContext

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.core import ALIASES, DEFAULT_VOCAB, document
from onecity.kernel.twin.ngsild.context.terms import Context, Source
from onecity.kernel.twin.ngsild.model.problems import bad_request

MOST_TERMS: Final = 20_000
RESERVED: Final = re.compile("@[A-Za-z]+")
KEYWORDS: Final = frozenset(jsonld.KEYWORDS)
ACTIVE = dict[str, Any]
# what a processor may stumble over in hostile input besides its own errors
STUMBLES: Final = (jsonld.JsonLdError, AttributeError, KeyError, RecursionError, TypeError, ValueError)


class _Given:
    """Answers PyLD's questions for contexts: only those that were given, nothing is fetched."""

    def __init__(self) -> None:
        self.max_context_urls = 0

    def resolve(
        self,
        active_ctx: object,  # noqa: ARG002 - PyLD's signature
        context: Any,
        base: object,  # noqa: ARG002 - PyLD's signature
        cycles: object = None,  # noqa: ARG002 - PyLD's signature
    ) -> list[ResolvedContext]:
        """The local contexts themselves."""
        if isinstance(context, dict) and "@context" in context:
            context = context["@context"]
        entries = context if isinstance(context, list) else [context]
        if not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("a scoped context is not resolved")
        return [ResolvedContext(entry) for entry in entries]


def _options() -> dict[str, Any]:
    return {"base": "", "processingMode": "json-ld-1.1", "contextResolver": _Given()}


@cache
def _initial() -> ACTIVE:
    """The core's terms, open to redefinition: what counts in the end is decided by Context."""
    body = {key: value for key, value in document()["@context"].items() if key != "@protected"}
    processor = jsonld.JsonLdProcessor()
    empty = processor.process_context({"mappings": {}, "processingMode": "json-ld-1.1"}, {}, _options())
    return dict(processor.process_context(empty, body, _options()))


def process(contexts: Sequence[Mapping[str, Any]], source: Source) -> Context:
    """The @context that local contexts make one after another, without the core's; raises Problem BadRequestData."""
    if sum(map(len, contexts)) > MOST_TERMS:
        raise bad_request(_("An @context has at most {most} terms.", most=MOST_TERMS), "@context")
    _refuse_unsupported(contexts)
    contexts = [_without_reserved(context) for context in contexts]
    if not contexts:
        return Context(source)
    try:
        active = jsonld.JsonLdProcessor().process_context(_initial(), list(contexts), _options())
    except STUMBLES as error:
        raise bad_request(
            _("The @context is not valid JSON-LD: {reason}", reason=_reason(error)), "@context"
        ) from error
    return _context(active, contexts, source)


def _refuse_unsupported(contexts: Sequence[Mapping[str, Any]]) -> None:
    """Scoped contexts (5.5.7), imports and definitions that could change the core's terms."""
    for context in contexts:
        if "@import" in context:
            raise bad_request(_("An @context must not use @import; name the other @context in a list."), "@context")
        for term, definition in context.items():
            if isinstance(definition, dict) and "@context" in definition:
                raise bad_request(
                    _("The term {term} has an @context of its own, which NGSI-LD does not allow.", term=term[:200]),
                    "@context",
                )


def _without_reserved(context: Mapping[str, Any]) -> dict[str, Any]:
    """Without terms and IRIs that look like keywords of a later JSON-LD: they are to be ignored (JSON-LD 1.1, 9.1.2)."""
    return {
        term: definition
        for term, definition in context.items()
        if not _reserved(term) and not _means_reserved(definition)
    }


def _reserved(text: object) -> bool:
    return isinstance(text, str) and RESERVED.fullmatch(text) is not None and text not in KEYWORDS


def _means_reserved(definition: object) -> bool:
    if isinstance(definition, dict):
        return _reserved(definition.get("@id")) or _reserved(definition.get("@reverse"))
    return _reserved(definition)


def _reason(error: Exception) -> str:
    if isinstance(error, jsonld.JsonLdError) and error.args:
        return str(error.args[0])[:300]
    return type(error).__name__


def _context(active: ACTIVE, contexts: Sequence[Mapping[str, Any]], source: Source) -> Context:
    own = {term for context in contexts for term in context if not term.startswith("@")}
    terms: dict[str, str] = {}
    prefixes: list[str] = []
    aliases: dict[str, str] = {}
    for term, mapping in active["mappings"].items():
        if term not in own or not mapping or mapping.get("reverse") or not isinstance(mapping.get("@id"), str):
            continue
        iri = mapping["@id"]
        if iri.startswith("@"):
            if iri in {"@id", "@type"} and term not in ALIASES:
                aliases[term] = iri[1:]
            continue
        terms[term] = iri if ":" in iri else DEFAULT_VOCAB + iri
        if mapping.get("_prefix"):
            prefixes.append(term)
    return Context(source, terms, prefixes, aliases)
