"""Fetches letters from a mailbox elsewhere by IMAP (RFC 9051) into our own, where no mail server delivers by itself.

A letter is marked as seen there only after it lies whole on our disk; one that is fetched twice is known by its Message-ID.
"""

import imaplib
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from onecity.kernel.cases.intake.mail import maildir

logger = logging.getLogger(__name__)

MOST: Final = 50
TIMEOUT_S: Final = 30.0
INBOX: Final = "INBOX"
PORT: Final = 143
SECURE_PORT: Final = 993


def fetch(url: str, box: Path | None = None, most: int = MOST) -> int:
    """Bring in unseen letters; returns how many. `url` is `imaps://user:password@host:port/folder` (`imap://` without
    encryption, for a server on the same machine). A server that is away is asked again at the next turn."""
    where = urlsplit(url)
    try:
        with _signed_in(where) as server:
            return _bring(server, unquote(where.path.strip("/")) or INBOX, box, most)
    except (imaplib.IMAP4.error, OSError) as error:
        # without the address: it holds the password
        logger.warning("letters could not be fetched by IMAP: %s", error)
        return 0


@contextmanager
def _signed_in(where: SplitResult) -> Iterator[imaplib.IMAP4]:
    host = where.hostname or "127.0.0.1"
    server: imaplib.IMAP4
    if where.scheme == "imaps":
        context = ssl.create_default_context()
        server = imaplib.IMAP4_SSL(host, where.port or SECURE_PORT, ssl_context=context, timeout=TIMEOUT_S)
    else:
        server = imaplib.IMAP4(host, where.port or PORT, timeout=TIMEOUT_S)
    with server:
        server.login(unquote(where.username or ""), unquote(where.password or ""))
        yield server


def _bring(server: imaplib.IMAP4, folder: str, box: Path | None, most: int) -> int:
    status, _data = server.select(f'"{folder}"')
    if status != "OK":
        raise imaplib.IMAP4.error(f"there is no folder {folder}")
    _name, validity = server.response("UIDVALIDITY")
    era = validity[0].decode() if validity and isinstance(validity[0], bytes) else "0"
    _status, found = server.uid("SEARCH", "UNSEEN")
    numbers = found[0].split() if found and isinstance(found[0], bytes) else []
    for number in numbers[:most]:
        _status, parts = server.uid("FETCH", number.decode(), "(BODY.PEEK[])")
        raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if raw is None:
            continue
        maildir.deliver(raw, f"imap-{era}-{number.decode()}", box)
        server.uid("STORE", number.decode(), "+FLAGS.SILENT", r"(\Seen)")
    return len(numbers[:most])
