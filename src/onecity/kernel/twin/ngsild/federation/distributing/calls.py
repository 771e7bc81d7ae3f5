"""What goes over the wire to a source: address, headers and body, in the words that it understands (4.3.6.5, 4.3.6.6, 6.3.19)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from onecity.kernel.twin.ngsild.context.store import Contexts
from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.federation.distributing import wording
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.links import context_header
from onecity.kernel.twin.ngsild.http.negotiation import JSON, LD_JSON
from onecity.kernel.twin.ngsild.http.router import PREFIX
from onecity.kernel.twin.ngsild.model.downgrading import Version, downgraded

PLAIN: Final = ":/,@*!()'~"
FROM_REQUEST: Final = "urn:ngsi-ld:request"
# keys of contextSourceInfo with a meaning of their own (4.3.6.6)
ACCEPT, CONTENT_TYPE, CONTEXT, CONFORMANCE = "accept", "contentType", "jsonldContext", "ngsildConformance"
SPECIAL: Final = frozenset(word.lower() for word in (ACCEPT, CONTENT_TYPE, CONTEXT, CONFORMANCE))
# what the connection, the exchange or the registration itself decides (4.3.6.5)
OURS: Final = frozenset(
    {
        "tenant",
        "ngsild-tenant",
        "ngsild-entitymap",
        "via",
        "link",
        "host",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "content-length",
        "content-type",
        "content-encoding",
        "accept-encoding",
    }
)
# by these one signs in here: they are given to nobody else, though a registration asks for those of the request
SECRET: Final = frozenset({"authorization", "cookie", "x-csrftoken"})
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z")
VALUE: Final = re.compile(r"[\x20-\x7e\x80-\xff\t]{0,8192}\Z")
VERSION: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\Z")
MEDIA: Final = (JSON, LD_JSON)


@dataclass(frozen=True, slots=True)
class Words:
    """The @context in which a source is spoken to: by its address, or with `inline` in the body."""

    context: Context
    inline: Any = None

    def renamer(self, source: Context) -> wording.Rename | None:
        """From the words of `source` into these."""
        return wording.renamer(source, self.context)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a source. `path` stands below the API's prefix, percent-encoded; `body` is JSON without @context."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Speak = Callable[[Words], Call]
"""Makes the call in the words of the source that it goes to."""


def url(registration: Registration, call: Call) -> str:
    """Where the call goes; the endpoint is taken with or without the API's prefix."""
    base = registration.endpoint.rstrip("/")
    if not base.endswith(PREFIX):
        base += PREFIX
    query = dict(call.query)
    if registration.local_only:
        query["local"] = "true"
    # only what would end a value or mean something else is written otherwise (RFC 3986, 3.4)
    return f"{base}{call.path}?{urlencode(query, quote_via=quote, safe=PLAIN)}" if query else f"{base}{call.path}"


async def words(registration: Registration, context: Context, contexts: Contexts, *, with_body: bool) -> Words:
    """The words for one source; raises Problem where the @context that it wants cannot be had."""
    info = _info(registration)
    if CONTEXT.lower() in info:
        return Words(await contexts.of(registration.tenant).resolve(info[CONTEXT.lower()], None))
    if context.source is None or context.source in (context.link, [context.link]):
        return Words(context, context.source if info.get(CONTENT_TYPE.lower()) == LD_JSON else None)
    if with_body and info.get(CONTENT_TYPE.lower()) != JSON:
        return Words(context, context.source)
    return Words(CORE)


def keeps_words(registration: Registration, context: Context) -> bool:
    """Whether a request without a body goes to the source in its own words."""
    own = context.source is None or context.source in (context.link, [context.link])
    return own and CONTEXT.lower() not in _info(registration)


def headers(
    registration: Registration, call: Call, spoken: Words, asked: Mapping[str, str], via: str
) -> dict[str, str]:
    """The headers of a call; `asked`: those of the request that it is made for, small names."""
    info = _info(registration)
    made = {
        name: value
        for name, given in info.items()
        if name not in SPECIAL and name not in OURS and (value := _value(name, given, asked)) is not None
    }
    made |= {name.lower(): value for name, value in call.headers.items()}
    accept = info.get(ACCEPT, "")
    made |= {"accept": accept if accept in {JSON, LD_JSON} else JSON, "via": via}
    if registration.source_tenant:
        made["ngsild-tenant"] = registration.source_tenant
    if call.body is None:
        made["link"] = context_header(spoken.context.link)[1]
    elif spoken.inline is not None:
        made["content-type"] = LD_JSON
    else:
        made["content-type"] = JSON
        made["link"] = context_header(spoken.context.link)[1]
    return made


def payload(registration: Registration, call: Call, spoken: Words) -> Any:
    """The body as it is sent: as old as the source wants it (4.3.6.8), with its @context where that goes in the body."""
    body = call.body
    version = _version(_info(registration).get(CONFORMANCE.lower(), ""))
    if version is not None:
        body = downgraded(body, version)
    if spoken.inline is None or body is None:
        return body
    if isinstance(body, list):
        return [item | {"@context": spoken.inline} if isinstance(item, dict) else item for item in body]
    return body | {"@context": spoken.inline} if isinstance(body, dict) else body


def _info(registration: Registration) -> dict[str, str]:
    return {name.lower(): value for name, value in registration.headers}


def _value(name: str, given: str, asked: Mapping[str, str]) -> str | None:
    if given == FROM_REQUEST and name in SECRET:
        return None
    value = asked.get(name) if given == FROM_REQUEST else given
    if value is None or not TOKEN.match(name) or not VALUE.match(value):
        return None
    return value


def _version(text: str) -> Version | None:
    found = VERSION.match(text)
    return None if found is None else (int(found[1]), int(found[2]))
