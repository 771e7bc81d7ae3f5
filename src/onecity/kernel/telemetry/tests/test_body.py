"""The body of a request: limits of size and time, and compression that no bomb gets past."""

import gzip
import zlib
from collections.abc import Mapping

import pytest

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import limits
from onecity.kernel.telemetry.ingest import body

TEXT = b'{"entity": "a"}' * 100


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("GZIP ", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:700]) + gzip.compress(TEXT[700:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_what_was_sent_comes_out(encoding: str, sent: bytes) -> None:
    assert body.inflate(sent, encoding) == TEXT


@pytest.mark.parametrize(
    ("encoding", "sent", "status"),
    [
        ("br", TEXT, 415),
        ("gzip", TEXT, 400),
        ("gzip", gzip.compress(TEXT)[:-9], 400),
        ("gzip", gzip.compress(TEXT) + b"rest", 400),
        ("deflate", b"\x78\x9c" + TEXT, 400),
        ("gzip", gzip.compress(bytes(limits.MAX_INFLATED + 1)), 413),
        ("gzip", gzip.compress(bytes(limits.MAX_INFLATED)) + gzip.compress(b"1"), 413),
    ],
)
def test_what_does_not(encoding: str, sent: bytes, status: int) -> None:
    with pytest.raises(Problem) as problem:
        body.inflate(sent, encoding)
    assert problem.value.status == status


def receiving(*parts: bytes, disconnect: bool = False) -> body.Receive:
    messages: list[dict[str, object]] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages[-1]["more_body"] = disconnect
    messages += [{"type": "http.disconnect"}] * disconnect
    pending = iter(messages)

    async def receive() -> Mapping[str, object]:
        return next(pending)

    return receive


async def test_a_body_in_pieces() -> None:
    assert await body.read(receiving(b"a", b"", b"bc"), None) == b"abc"


async def test_a_body_that_is_too_large_is_not_even_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY", 10)
    for receive, declared in ((receiving(b"x"), 11), (receiving(b"x" * 6, b"x" * 5), None)):
        with pytest.raises(Problem) as problem:
            await body.read(receive, declared)
        assert problem.value.status == 413


async def test_a_sender_that_leaves() -> None:
    with pytest.raises(ConnectionResetError):
        await body.read(receiving(b"x", disconnect=True), None)
