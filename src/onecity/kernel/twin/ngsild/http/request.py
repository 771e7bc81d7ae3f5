"""A request as handlers see it: negotiated, signed in, its body and @context read when they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.http import json_body
from onecity.kernel.twin.ngsild.http.links import context_link
from onecity.kernel.twin.ngsild.http.negotiation import JSON, LD_JSON, media_type
from onecity.kernel.twin.ngsild.http.parameters import merged
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store.principal import Principal

if TYPE_CHECKING:
    from onecity.kernel.twin.ngsild.context.store import Contexts
    from onecity.kernel.twin.ngsild.http.services import Services

TRUE, FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


@dataclass(slots=True)
class Request:
    """One request. `query`: parameters by name (parameters.merged); `media`: what the answer is to be written in.

    `home`: the tenant that the client named, where `tenant` is the space of a snapshot.
    """

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes
    services: "Services"
    principal: Principal = field(default_factory=Principal)
    tenant: str = ""
    media: str = JSON
    home: str | None = None
    _query: dict[str, str] | None = None
    _json: Any = None
    _context: Context | None = None

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address."""
        if self._query is None:
            self._query = merged(parse_qsl(self.query_string, keep_blank_values=True)) if self.query_string else {}
        return self._query

    @property
    def is_ld(self) -> bool:
        """Whether the body brings its own @context."""
        return media_type(self.headers.get("content-type", "")) == LD_JSON

    def json(self) -> Any:
        """The body, decoded once; raises Problem 400 (InvalidRequest) where it is no JSON, is too deep or holds NUL."""
        if self._json is None:
            self._json = json_body.decode(self.body)
        return self._json

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; raises Problem 400."""
        value = self.json()
        if not isinstance(value, dict):
            raise problems.bad_request(_("The body must be a JSON object."))
        return value

    def array(self) -> list[Any]:
        """The body as a JSON array; raises Problem 400."""
        value = self.json()
        if not isinstance(value, list):
            raise problems.bad_request(_("The body must be a JSON array."))
        return value

    @property
    def contexts(self) -> "Contexts":
        """The contexts that the tenant sees."""
        return self.services.contexts.of(self.tenant if self.home is None else self.home)

    async def context(self) -> Context:
        """The @context of the request (6.3.5): of the Link header, or of the body where that is application/ld+json."""
        if self._context is None:
            body = self.json() if self.body else None
            self._context = await self.context_of(body if isinstance(body, dict) else None)
        return self._context

    async def context_of(self, item: Mapping[str, Any] | None) -> Context:
        """The @context for one JSON object of the body; raises Problem 400 where header and body are mixed (6.3.5)."""
        link = context_link(self.headers.get("link", ""))
        inline = None if item is None else item.get("@context")
        if self.body and self.is_ld:
            if link is not None:
                raise problems.bad_request(_("Give the @context in the body or in a Link header, not in both."))
            if inline is None:
                raise problems.bad_request(_("A body of application/ld+json must hold an @context."))
        elif inline is not None:
            raise problems.bad_request(
                _("A body of application/json must not hold an @context; send application/ld+json or a Link header.")
            )
        return await self.contexts.resolve(link, inline)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean parameter; raises Problem 400."""
        text = self.query.get(name)
        if text is None:
            return default
        if text.lower() in TRUE:
            return True
        if text.lower() in FALSE:
            return False
        raise problems.bad_request(_("The parameter {name} must be true or false.", name=name))

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 0 to `most`; raises Problem 400."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= most):
            detail = _("The parameter {name} must be a whole number from 0 to {most}.", name=name, most=most)
            raise problems.bad_request(detail)
        return int(text)

    def words(self, name: str) -> tuple[str, ...]:
        """A parameter that is a list with commas; empty where it is not given."""
        text = self.query.get(name, "")
        return tuple(word.strip() for word in text.split(",") if word.strip())

    def options(self, allowed: Sequence[str] = ()) -> frozenset[str]:
        """The words of `options`; raises Problem 400 for one that the operation does not know, where `allowed` says so."""
        found = frozenset(self.words("options"))
        unknown = sorted(found.difference(allowed)) if allowed else []
        if unknown:
            raise problems.invalid_request(_("The option {option} is not known here.", option=unknown[0]))
        return found
