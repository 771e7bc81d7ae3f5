"""The ASGI application: the order of the checks, then the handler, then the answer (clauses 6.3.2-6.3.6)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from django.utils import translation

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.ingest.answers import language
from onecity.kernel.telemetry.ingest.body import inflate
from onecity.kernel.twin.ngsild.http import authentication, limits, parameters
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.negotiation import JSON, LD_JSON, MERGE_PATCH, choose, media_type, takes_gzip
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import WITH_BODY, Match, Route, Router
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.model import problems

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
TENANT = "ngsild-tenant"
SNAPSHOT = "ngsild-snapshot"
UPLOAD_S = 60
# merging and replacing without saying what (5.6.17.4, 5.6.18.4)
NO_ENTITY = b"/v1/entities/"
# the type of the standard for problems that other packages raise
BY_STATUS = {400: "InvalidRequest", 404: "ResourceNotFound", 409: "AlreadyExists", 422: "OperationNotSupported"}

log = logging.getLogger(__name__)


class Application:
    """The door; `services` are made when the first request comes. `database`: its parameters, else Django's own."""

    def __init__(self, router: Router, database: dict[str, Any] | None = None) -> None:
        self._router = router
        self._parameters = database
        self._services: Services | None = None

    @property
    def services(self) -> Services:
        """What handlers share."""
        if self._services is None:
            self._services = Services(self._parameters)
        return self._services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            response = await self._answer(scope, headers, receive)
        except Problem as problem:
            response = _problem(problem, headers)
        except ConnectionResetError:
            return
        except Exception:  # whatever it was, the client is told that it was our fault, and we read of it
            log.exception("%s %s", scope["method"], scope["path"])
            response = _problem(problems.problem("InternalError"), headers)
        if TENANT in headers:
            response.headers.append(("NGSILD-Tenant", headers[TENANT]))
        if SNAPSHOT in headers:
            response.headers.append(("NGSILD-Snapshot", headers[SNAPSHOT]))
        zipped = "accept-encoding" in headers and takes_gzip(headers["accept-encoding"])
        await response.send(send, head_only=scope["method"] == "HEAD", zipped=zipped)

    async def close(self) -> None:
        """Give everything back."""
        if self._services is not None:
            await self._services.close()
        self._services = None

    async def _answer(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> Response:
        raw = scope.get("raw_path") or scope["path"].encode()
        if len(raw) + len(scope.get("query_string", b"")) > limits.MAX_URI:
            return Response(414)
        match = self._router.match(raw.decode("latin-1").partition("?")[0])
        if match is None:
            raise problems.problem("ResourceNotFound", _("This address leads to nothing."))
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if method == "OPTIONS":
            return _options(match)
        found = match.routes.get(method)
        if found is None:
            if method in {"PATCH", "PUT"} and raw.endswith(NO_ENTITY):
                raise problems.bad_request(_("The address lacks an identifier."))
            refusal = problems.problem("InvalidRequest", _("This address does not offer that method."), status=405)
            return _problem(refusal, headers).with_header("Allow", ", ".join(match.methods()))
        if (early := _preconditions(found, method, headers)) is not None:
            return early
        media = choose(headers.get("accept", ""), found.answers)
        if media is None:
            return _not_acceptable(found, headers)
        return await found.handler(await self._request(scope, headers, receive, found, match.params, media))

    async def _request(
        self,
        scope: Scope,
        headers: Mapping[str, str],
        receive: Receive,
        found: Route,
        params: Mapping[str, str],
        media: str,
    ) -> Request:
        """Sign in, look for the tenant, read the body."""
        services = self.services
        asking = await authentication.principal(services, scope, headers)
        if found.right == "write":
            authentication.require_write(asking)
        tenant = headers.get(TENANT, "")
        if tenant:
            await services.tenants.check(tenant, may_be_new=found.creates_tenant)
        body = await _body(receive, headers) if found.body or found.method in WITH_BODY else b""
        query = scope.get("query_string", b"").decode("latin-1")
        request = Request(found.method, scope["path"], query, headers, params, body, services)
        request.principal, request.tenant, request.media = asking, tenant, media
        if query:
            parameters.check(found.method, found.path, request.query)
        return request


def _preconditions(found: Route, method: str, headers: Mapping[str, str]) -> Response | None:
    """411, 413 and 415 (6.3.4), which have no body; None where all is well."""
    if method not in WITH_BODY and not found.body:
        return None
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return Response(411)
    if int(length[:12]) > limits.MAX_BODY:
        return Response(413)
    if not found.body and length == "0":
        return None
    kind = media_type(headers.get("content-type", ""))
    if kind not in {JSON, LD_JSON} and not (kind == MERGE_PATCH and method == "PATCH"):
        return Response(415)
    return None


async def _body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        try:
            async with asyncio.timeout(UPLOAD_S):
                body = await _rest(receive, body)
        except TimeoutError as error:
            raise problems.problem("InvalidRequest", _("The body took too long to arrive."), status=408) from error
    elif message["type"] == "http.disconnect":
        raise ConnectionResetError
    encoding = headers.get("content-encoding", "")
    return inflate(body, encoding) if encoding else body


async def _rest(receive: Receive, first: bytes) -> bytes:
    parts, size = [first], len(first)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.MAX_BODY:
            raise problems.problem("InvalidRequest", _("The body is too large."), status=413)
        if not message.get("more_body", False):
            return b"".join(parts)


def _options(match: Match) -> Response:
    response = Response(204, headers=[("Allow", ", ".join(match.methods()))])
    if "PATCH" in match.routes:
        response.headers.append(("Accept-Patch", f"{JSON}, {LD_JSON}, {MERGE_PATCH}"))
    return response


def _not_acceptable(found: Route, headers: Mapping[str, str]) -> Response:
    refusal = problems.problem(
        "InvalidRequest",
        _("The answer can be given in these media types: {media}.", media=", ".join(found.answers)),
        status=406,
    )
    refusal.extra["availableRepresentations"] = list(found.answers)
    return _problem(refusal, headers)


def _problem(problem: Problem, headers: Mapping[str, str]) -> Response:
    """ProblemDetails in the client's language; the types are those of the standard where it has one (5.5.2)."""
    with translation.override(language(headers.get("accept-language", ""))):
        details = problem.to_dict()
    if not str(details["type"]).startswith(problems.ERRORS) and problem.status in BY_STATUS:
        details["type"] = problems.ERRORS + BY_STATUS[problem.status]
    response = responses.problem(details, problem.status)
    if isinstance(problem, problems.NgsiProblem):
        response.headers += problem.headers
    if problem.status == 401:
        response.headers.append(("WWW-Authenticate", 'Bearer realm="onecity"'))
    if "retry_after" in problem.extra or problem.status == 503:
        response.headers.append(("Retry-After", str(problem.extra.get("retry_after", 1))))
    return response
