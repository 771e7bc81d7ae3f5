"""A letter read: who writes, what, with which files; and whether a program wrote it, to whom nothing may be answered.

Sources: RFC 5322 (headers), RFC 2045-2047 (parts), RFC 3834 (automatic answers: what must not be answered), RFC 3464 (reports
of delivery), RFC 2919 (lists).
"""

import email
import email.policy
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Final

LONGEST_TEXT: Final = 4000
LONGEST_SUBJECT: Final = 200
MOST_FILES: Final = 10
# a small picture of a signature is no evidence
LEAST_FILE: Final = 2048
# senders that are programs by their names (RFC 2142, 5)
PROGRAMS: Final = re.compile(
    r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+.=-].*)?@", re.IGNORECASE
)
NUMBER: Final = re.compile(r"(?<![\d-])\d{4}-\d{6,}(?![\d-])")
QUOTED: Final = re.compile(
    r"^\s*(>|-{3,}\s*(original message|原始邮件|forwarded message|转发邮件)|on .{4,120} wrote:\s*$|在.{4,120}写道[：:]\s*$|发件人[：:])",
    re.IGNORECASE,
)
CHINESE: Final = re.compile("[\u4e00-\u9fff]")
LATIN_WORD: Final = re.compile(r"\b[A-Za-z]{2,}\b")
# so many characters or words say in which language somebody writes; a "re:" or a house number does not
ENOUGH: Final = 3
UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Letter:
    """What a letter says. `key` names it however often it is delivered; `automatic` is why it must not be answered, empty
    for what a person wrote; `left_out`: names of files too many; `language`: in which its sender is answered."""

    key: str
    sender: str
    name: str
    subject: str
    text: str
    files: Sequence[tuple[str, bytes]]
    automatic: str = ""
    left_out: Sequence[str] = ()
    language: str = "zh-hans"

    @property
    def numbers(self) -> list[str]:
        """Numbers of cases that its subject names."""
        return NUMBER.findall(self.subject)


def read(raw: bytes, own_addresses: Sequence[str] = ()) -> Letter:
    """Read a letter as it was delivered; whatever is broken in it, something comes out."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("the modern policy makes modern messages")
    name, sender = parseaddr(_header(message, "Reply-To") or _header(message, "From"))
    files, left_out = _files(message)
    subject = _plain(" ".join(_header(message, "Subject").split()))[:LONGEST_SUBJECT]
    text = written(_text(message))[:LONGEST_TEXT]
    return Letter(
        key=_key(message, raw),
        sender=sender[:254] if "@" in sender else "",
        name=_plain(name)[:80],
        subject=subject,
        text=text,
        files=files,
        automatic=_automatic(message, sender, {one.lower() for one in own_addresses}),
        left_out=left_out,
        language=_language(f"{subject} {text}", message),
    )


def _language(words: str, message: EmailMessage) -> str:
    """Chinese or English: what was written in; where that says too little, what the letter asks for (RFC 3282); else Chinese."""
    chinese, latin = len(CHINESE.findall(words)), len(LATIN_WORD.findall(words))
    if chinese >= ENOUGH and chinese >= latin:
        return "zh-hans"
    if latin >= ENOUGH:
        return "en"
    for header in ("Accept-Language", "Content-Language"):
        for asked in _header(message, header).lower().split(","):
            if asked.strip().startswith(("zh", "en")):
                return "en" if asked.strip().startswith("en") else "zh-hans"
    return "zh-hans"


def _key(message: EmailMessage, raw: bytes) -> str:
    named = _header(message, "Message-ID").strip()
    return hashlib.sha256(named.encode("utf-8", "replace") if named else raw).hexdigest()


def _header(message: EmailMessage, name: str) -> str:
    """A header as text; one that cannot be parsed as it was sent."""
    try:
        return str(message.get(name, ""))
    except (ValueError, TypeError, IndexError, AttributeError, LookupError):
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def _automatic(message: EmailMessage, sender: str, own: set[str]) -> str:
    if not sender or _header(message, "Return-Path").strip() == "<>":
        return "bounce"
    if message.get_content_type() == "multipart/report" or PROGRAMS.match(sender):
        return "bounce"
    if sender.lower() in own:
        return "loop"
    if _header(message, "Auto-Submitted").strip().lower() not in {"", "no"} or _header(message, "X-Autoreply"):
        return "automatic"
    if _header(message, "List-Id") or _header(message, "Precedence").strip().lower() in {"bulk", "list", "junk"}:
        return "list"
    return ""


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    text = _content(body)
    return _without_tags(text) if body.get_content_type() == "text/html" else text


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError, AssertionError, KeyError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def written(text: str) -> str:
    """What its sender wrote: without what he quotes, without characters that nobody can read."""
    lines: list[str] = []
    for line in _plain(text).replace("\r\n", "\n").split("\n"):
        if QUOTED.match(line):
            break
        lines.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _plain(text: str) -> str:
    return UNREADABLE.sub("", text.encode("utf-8", "replace").decode())


def _files(message: EmailMessage) -> tuple[list[tuple[str, bytes]], list[str]]:
    found: list[tuple[str, bytes]] = []
    left_out: list[str] = []
    for part in message.walk():
        name = _file_name(part)
        if part.is_multipart() or (not name and part.get_content_maintype() != "image"):
            continue
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if part.get_content_disposition() != "attachment" and len(content) < LEAST_FILE:
            continue
        if len(found) == MOST_FILES:
            left_out.append(name or "-")
        else:
            found.append((name or "photo", content))
    return found, left_out


def _file_name(part: EmailMessage) -> str:
    try:
        return _plain(part.get_filename() or "")[:200]
    except (ValueError, LookupError, TypeError):
        return "file"


class _Words(HTMLParser):
    """Collects what a reader sees of a page."""

    BREAKS: Final = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3"})
    UNSEEN: Final = frozenset({"script", "style", "head", "title", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the library's signature
        """Begin what is not shown, or a new line."""
        self._unseen += tag in self.UNSEEN
        if tag in self.BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End what is not shown."""
        if tag in self.UNSEEN and self._unseen:
            self._unseen -= 1

    def handle_data(self, data: str) -> None:
        """Words."""
        if not self._unseen:
            self.words.append(data)


def _without_tags(page: str) -> str:
    parser = _Words()
    parser.feed(page)
    parser.close()
    return "\n".join(" ".join(line.split()) for line in "".join(parser.words).split("\n"))
