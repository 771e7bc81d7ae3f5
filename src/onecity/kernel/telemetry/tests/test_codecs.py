"""Codecs: real devices' messages, every kind of number, records, times, and what is wrong said with its place."""

import copy
import datetime as dt
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.core.text import lazy
from onecity.kernel.telemetry.codecs import cbor, registry
from onecity.kernel.telemetry.codecs.declaration import CodecError, Payload
from onecity.kernel.telemetry.codecs.decoding import MAX_MESSAGE, decode
from onecity.kernel.telemetry.codecs.gathering import Gathering
from onecity.kernel.telemetry.codecs.reading import read
from onecity.kernel.telemetry.codecs.trying import attempt, check
from onecity.kernel.telemetry.tests import codec_documents as documents
from onecity.kernel.telemetry.tests.sample import T0


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize("document", documents.ALL, ids=lambda document: str(document["name"]))
def test_the_vectors_of_real_devices_hold(document: dict[str, Any]) -> None:
    assert check(read(document)) == []


def test_a_vector_that_does_not_hold_says_what_came() -> None:
    document = copy.deepcopy(documents.LHT65)
    document["tests"][0]["readings"][1]["value"] = 28.3
    [wrong] = check(read(document))
    assert wrong.name == "manual"
    assert '"temperature": 28.29' in str(wrong.what)
    assert '"temperature": 28.3}' in str(wrong.what) or '"temperature": 28.3,' in str(wrong.what)


def one(field: dict[str, Any], data: bytes, **layout: Any) -> float:
    codec = read({"name": "x", "messages": [{"fields": [{"attribute": "a"} | field], **layout}]})
    [reading] = attempt(codec, Payload(data, 0, T0))
    return reading.value


@pytest.mark.parametrize(
    ("field", "data", "value"),
    [
        ({"type": "uint8"}, b"\xff", 255),
        ({"type": "int8"}, b"\xff", -1),
        ({"type": "uint24"}, b"\x01\x02\x03", 0x010203),
        ({"type": "int24", "order": "little"}, b"\xff\xff\xff", -1),
        ({"type": "int32", "order": "big-words"}, b"\x00\x02\xff\xff", -65534),
        ({"type": "float32", "order": "big-words"}, struct.pack(">f", 21.5)[2:] + struct.pack(">f", 21.5)[:2], 21.5),
        ({"type": "float32", "order": "little-words"}, bytes.fromhex("ac410000")[::1], 21.5),
        ({"type": "float16"}, struct.pack(">e", -2.5), -2.5),
        ({"type": "float64", "order": "little"}, struct.pack("<d", 1e-9), 1e-9),
        ({"type": "uint64"}, b"\x00\x1f" + b"\xff" * 6, float(2**53 - 1)),
        ({"type": "int64"}, b"\xff" * 8, -1),
        ({"type": "bcd", "length": 3}, b"\x12\x34\x56", 123456),
        ({"type": "uint16", "bits": [4, 3], "signed": True}, b"\x00\x70", -1),
        ({"type": "uint8", "bits": [7, 1]}, b"\x80", 1),
        ({"type": "uint8", "scale": 0.5, "add": -40}, b"\x64", 10),
        ({"type": "uint8", "lookup": {"3": 0.75}}, b"\x03", 0.75),
        ({"type": "uint16", "offset": -2}, b"\x00\x00\x00\x07", 7),
    ],
)  # fmt: skip
def test_numbers(field: dict[str, Any], data: bytes, value: float) -> None:
    assert one({"offset": 0} | field, data) == value


@pytest.mark.parametrize(
    ("moment", "data", "expected"),
    [
        ({"offset": 1, "type": "uint32"}, struct.pack(">I", 1772323200), T0),
        ({"offset": 1, "type": "uint32", "epoch": "2000-01-01T00:00:00Z", "zone": "+08:00"},
         struct.pack(">I", 825_638_400 + 8 * 3600), T0),
        ({"offset": 1, "type": "uint16", "unit": "min", "ago": True}, struct.pack(">H", 90), T0 - 90 * 60_000_000),
        ({"offset": 1, "type": "bcd", "length": 6, "layout": "bcd", "zone": "+08:00"},
         bytes.fromhex("260301080000"), T0),
        ({"offset": 1, "type": "bcd", "length": 7, "layout": "bcd"}, bytes.fromhex("20260301000000"), T0),
    ],
)  # fmt: skip
def test_times(moment: dict[str, Any], data: bytes, expected: int) -> None:
    codec = read({"name": "x", "messages": [{"fields": [{"attribute": "a", "offset": 0}], "observed_at": moment}]})
    [reading] = attempt(codec, Payload(b"\x01" + data, 0, T0))
    assert reading.observed_at == expected


def test_a_time_that_is_none_fails() -> None:
    moment = {"offset": 0, "type": "bcd", "length": 6, "layout": "bcd"}
    codec = read({"name": "x", "messages": [{"fields": [{"attribute": "a", "offset": 0}], "observed_at": moment}]})
    for data in ("260230000000", "26023f000000", "261301000000", "260101250000"):
        with pytest.raises(CodecError, match="time"):
            attempt(codec, Payload(bytes.fromhex(data), 0, T0))


def test_stored_records_with_a_count_and_a_step() -> None:
    records = {"offset": 1, "size": 2, "count": {"offset": 0}, "step": -600,
               "fields": [{"attribute": "level", "offset": 0, "type": "uint16"}]}  # fmt: skip
    codec = read({"name": "x", "messages": [{"records": records}]})
    payloads = [Payload(b"\x02\x00\x07\x00\x08", 0, T0), Payload(b"\x01\x00\x09\xff\xff", 0, T0 + 1)]
    decoded = decode(codec, [*payloads, Payload(b"\x03\x00\x07\x00\x08", 0, T0)])
    assert decoded.value.tolist() == [7, 8, 9]
    assert decoded.message.tolist() == [0, 0, 1]
    assert decoded.observed_at.tolist() == [T0, T0 - 600_000_000, T0 + 1]
    assert list(decoded.failures) == [2]
    assert str(decoded.failures[2]) == "byte 1: 3 records of 2 bytes do not fit"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.update(name="Bad Name"), "name"),
        (lambda d: d.update(colour="red"), ""),
        (lambda d: d.update(format="python"), "format"),
        (lambda d: d.update(messages=[]), "messages"),
        (lambda d: d["messages"][0]["fields"][1].update(offset="two"), "messages[0].fields[1].offset"),
        (lambda d: d["messages"][0]["fields"][1].update(type="uint7"), "messages[0].fields[1].type"),
        (lambda d: d["messages"][0]["fields"][1].update(unit="parsec"), "messages[0].fields[1].unit"),
        (lambda d: d["messages"][0]["fields"][0].update(bits=[8, 9]), "messages[0].fields[0].bits"),
        (lambda d: d["messages"][0]["fields"][1].update(attribute="T"), "messages[0].fields[1].attribute"),
        (lambda d: d["messages"][0]["fields"][2].pop("offset"), "messages[0].fields[2].offset"),
        (lambda d: d["tests"][0].update(received_at="yesterday"), "tests[0].received_at"),
        (lambda d: d["tests"][0].update(hex="0"), "tests[0].hex"),
    ],
)
def test_a_document_that_is_wrong_says_where(change: Callable[[dict[str, Any]], object], where: str) -> None:
    document = copy.deepcopy(documents.LHT65)
    change(document)
    with pytest.raises(CodecError) as caught:
        read(document)
    assert caught.value.where in {where, where.replace("tests[0]", "tests[...]").replace("[0]", "[...]")
                                  .replace("[1]", "[...]")}  # fmt: skip


def test_one_bad_message_of_a_batch_harms_no_other() -> None:
    codec = read(documents.LHT65)
    good = bytes.fromhex("CBF60B0D0376010ADD7FFF")
    decoded = decode(codec, [Payload(good, 2, T0), Payload(good[:5], 2, T0), Payload(b"", 2, T0), Payload(good, 2, T0)])
    assert sorted(decoded.failures) == [1, 2]
    assert decoded.failures[1].where == "byte 4"
    assert np.bincount(decoded.message).tolist() == [4, 0, 0, 4]


def test_a_hundred_thousand_messages_are_read_as_columns() -> None:
    codec = read(documents.LHT65)
    payloads = [Payload(struct.pack(">HhHBhh", 3000, n % 4000, 500, 1, 0, 0), 2, T0 + n) for n in range(100_000)]
    began = dt.datetime.now(dt.UTC)
    decoded = decode(codec, payloads)
    assert (dt.datetime.now(dt.UTC) - began).total_seconds() < 3
    assert len(decoded) == 400_000
    assert decoded.value[1::4].sum() == pytest.approx(sum(n % 4000 for n in range(100_000)) / 100)


def test_code_of_a_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_codes", {})

    def double(payloads: Sequence[Payload], gathering: Gathering) -> None:
        for row, payload in enumerate(payloads):
            if payload.data == b"!":
                raise RuntimeError("no")
            rows = np.array([row])
            gathering.add("a", "", rows, np.array([2.0 * payload.data[0]]), np.array([payload.received_at]))
            if payload.data == b"?":
                gathering.fail(rows, CodecError("byte 0", lazy("What?")))

    registry.register("double", double)
    registry.register("double", double)
    codec = read({"name": "x", "format": "code", "code": "double"})
    decoded = decode(codec, [Payload(b"\x02", 0, 5), Payload(b"?")], registry.code("double"))
    assert (decoded.value.tolist(), decoded.observed_at.tolist(), list(decoded.failures)) == ([4.0], [5], [1])
    with pytest.raises(CodecError, match="no"):
        attempt(codec, Payload(b"!"))
    with pytest.raises(CodecError, match="absent"):
        attempt(read({"name": "x", "format": "code", "code": "absent"}), Payload(b"1"))
    with pytest.raises(ValueError, match="registered already"):
        registry.register("double", lambda _payloads, _gathering: None)


@pytest.mark.parametrize(
    ("data", "value"),
    [  # RFC 8949, appendix A
        ("00", 0), ("1903e8", 1000), ("1bffffffffffffffff", 2**64 - 1), ("c249010000000000000000", 2**64),
        ("3903e7", -1000), ("f93c00", 1.0), ("fa47c35000", 100000.0), ("fb3ff199999999999a", 1.1), ("f97e00", None),
        ("f4", False), ("f6", None), ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
        ("4401020304", b"\x01\x02\x03\x04"), ("6449455446", "IETF"), ("83010203", [1, 2, 3]), ("a201020304", {"1": 2, "3": 4}),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]), ("7f657374726561646d696e67ff", "streaming"),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}), ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
    ],
)  # fmt: skip
def test_cbor(data: str, value: object) -> None:
    assert cbor.loads(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data", ["", "18", "ff", "0000", "9f01", "a1", "a10102ff", "61ff", "1c", "9bffffffffffffffff", "81" * 40]
)
def test_cbor_that_is_none(data: str) -> None:
    with pytest.raises(CodecError):
        cbor.loads(bytes.fromhex(data))


FUZZED = [read(document) for document in (*documents.ALL, {
    "name": "cbor", "format": "cbor", "messages": [{"fields": [{"attribute": "a", "path": "a"}]}]
})]  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=80), max_size=6), st.integers(0, 6))
def test_no_message_makes_a_codec_raise(messages: list[bytes], port: int) -> None:
    for codec in FUZZED:
        decoded = decode(codec, [Payload(data, port, T0) for data in messages])
        assert not set(decoded.message.tolist()) & set(decoded.failures)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["kind", "ts", "state", "door", "sensors", "id", "v", "raw", "power", "u"]), inner, max_size=5
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSONS)
def test_no_document_makes_a_codec_raise(value: object) -> None:
    message = value | {"kind": "values"} if isinstance(value, dict) else value
    decoded = decode(FUZZED[3], [Payload(json.dumps(message).encode(), 0, T0)])
    assert len(decoded) == 0 or not decoded.failures


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["name", "format", "messages", "tests", "code", "separators"]), JSONS))
def test_no_document_makes_the_reader_raise_anything_else(document: dict[str, Any]) -> None:
    with suppress(CodecError):
        read(document)


def test_bounds() -> None:
    decoded = decode(FUZZED[0], [Payload(bytes(MAX_MESSAGE + 1), 2, T0)])
    assert list(decoded.failures) == [0]
    with pytest.raises(CodecError, match="deep"):
        attempt(FUZZED[3], Payload(b"[" * 10_000, 0, T0))
