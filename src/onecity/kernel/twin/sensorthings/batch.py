"""Several requests in one (OGC 18-088, 11): as multipart/mixed with change sets, or as JSON; each has its own answer.

Of a change set everything is read before anything is taken: where one part cannot be read, none of it is.
"""

import email.parser
import email.policy
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.sensorthings.filtering import wrong

MOST_REQUESTS, MOST_BYTES = 200, 8 * 1024 * 1024
LINE = re.compile(r"(?P<method>GET|POST|PATCH|PUT|DELETE)\s+(?P<url>\S{1,4000})(?:\s+HTTP/1\.\d)?\s*\Z")
BOUNDARY = re.compile(r"boundary=\"?([A-Za-z0-9'()+_,./:=? -]{1,70})\"?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a batch; those of one `group` belong to one change set ("" for none)."""

    number: str
    method: str
    url: str
    body: bytes = b""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """Its answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Sequence[Asked]], Sequence[Answered]]
"""Answers requests that belong together; one alone where there is no change set."""


class _Request(msgspec.Struct, rename="camel"):
    id: str
    method: str
    url: str
    body: msgspec.Raw = msgspec.Raw()
    atomicity_group: str = ""


class _Requests(msgspec.Struct):
    requests: list[_Request]


def serve(body: bytes, content_type: str, answer: Answer) -> tuple[str, bytes]:
    """Content type and body of the answer to a batch. Raises Problem 400, 413 and 415."""
    if len(body) > MOST_BYTES:
        raise Problem("too_large", _("The request is too large"), status=413)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        asked = _json(body)
        return "application/json", _told_as_json(asked, _answered(asked, answer))
    if kind == "multipart/mixed" and (boundary := BOUNDARY.search(content_type)) is not None:
        asked = _multipart(body, boundary[1])
        return _told_as_parts(asked, _answered(asked, answer))
    title = _("A batch is application/json or multipart/mixed")
    raise Problem("sensorthings-query", title, status=415)


def _answered(asked: Sequence[Asked], answer: Answer) -> list[Answered]:
    """The answers in the order of the requests."""
    if not 0 < len(asked) <= MOST_REQUESTS:
        raise wrong(_("A batch may have %(most)d requests") % {"most": MOST_REQUESTS})
    found: dict[int, Answered] = {}
    for number, one in enumerate(asked):
        if number in found:
            continue
        together = [at for at, other in enumerate(asked) if one.group and other.group == one.group] or [number]
        found |= dict(zip(together, answer([asked[at] for at in together]), strict=True))
    return [found[number] for number in range(len(asked))]


def _json(body: bytes) -> list[Asked]:
    try:
        listed = msgspec.json.decode(body, type=_Requests).requests
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise wrong(_("The batch cannot be read"), str(error)[:200]) from error
    return [Asked(one.id, one.method.upper(), one.url, bytes(one.body), one.atomicity_group) for one in listed]


def _multipart(body: bytes, boundary: str) -> list[Asked]:
    head = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    found: list[Asked] = []
    for number, part in enumerate(message.iter_parts() if message.is_multipart() else ()):
        inner = list(part.iter_parts()) if part.is_multipart() else [part]
        group = f"set{number}" if part.is_multipart() else ""
        for one in inner:
            content = one.get_payload(decode=True)
            found.append(_request(content if isinstance(content, bytes) else b"", str(len(found)), group))
            if len(found) > MOST_REQUESTS:
                raise wrong(_("A batch may have %(most)d requests") % {"most": MOST_REQUESTS})
    return found


def _request(content: bytes, number: str, group: str) -> Asked:
    """One request as HTTP writes it."""
    head, _blank, body = content.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    match = LINE.match(line.strip())
    if match is None:
        raise wrong(_("The batch cannot be read"), line[:100])
    return Asked(number, match["method"], match["url"], body.strip(), group)


def _told_as_json(asked: Sequence[Asked], answers: Sequence[Answered]) -> bytes:
    listed = []
    for one, told in zip(asked, answers, strict=True):
        body = msgspec.Raw(told.body) if told.body else msgspec.Raw(b"null")
        listed.append({"id": one.number, "status": told.status, "headers": dict(told.headers), "body": body})
    return msgspec.json.encode({"responses": listed})


def _told_as_parts(asked: Sequence[Asked], answers: Sequence[Answered]) -> tuple[str, bytes]:
    boundary = f"batch_{secrets.token_hex(12)}"
    parts: list[bytes] = []
    at = 0
    while at < len(asked):
        group = asked[at].group
        end = at + 1
        while group and end < len(asked) and asked[end].group == group:
            end += 1
        http = [_part(answers[number]) for number in range(at, end)]
        parts.append(_changes(http) if group else http[0])
        at = end
    return f"multipart/mixed; boundary={boundary}", _joined(parts, boundary)


def _part(told: Answered) -> bytes:
    headers = {"Content-Type": "application/json", **told.headers, "Content-Length": str(len(told.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"Content-Type: application/http\r\n\r\nHTTP/1.1 {told.status} \r\n{lines}\r\n"
    return head.encode() + told.body


def _changes(parts: Sequence[bytes]) -> bytes:
    boundary = f"changes_{secrets.token_hex(12)}"
    return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + _joined(parts, boundary)


def _joined(parts: Sequence[bytes], boundary: str) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
