"""The pure parts of telemetry: log messages, keys of the broker, allowances, ordering, binary rows."""

import base64
import json

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.core.units import UnitError
from onecity.kernel.telemetry.batch import NEVER, Batch
from onecity.kernel.telemetry.logic import admission, copy, nkeys, ordering, wire
from onecity.kernel.telemetry.logic.bucket import BURST_SECONDS, Bucket, Buckets
from onecity.kernel.telemetry.logic.ordering import Newest
from onecity.kernel.telemetry.logic.readings import KEPT_BYTES, Refusal, Refusals, TooMuchRefusedError
from onecity.kernel.telemetry.tests.sample import DAY, T0
from onecity.kernel.telemetry.types import Attribute, EntityType

Row = tuple[int, int, float]


def batch(*rows: Row) -> Batch:
    series, at, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Batch(np.array(series, np.int32), np.array(at, np.int64), np.array(value, np.float64))


def rows(found: Batch) -> list[Row]:
    return list(zip(found.series_id.tolist(), found.observed_at.tolist(), found.value.tolist(), strict=True))


def test_a_message_and_back() -> None:
    refusal = Refusal("late", "why", 3, 2, b"one\ntwo", 4, "device")
    message = wire.encode("http", T0, batch((1, T0, 2.5), (9, T0 + 1, -1.0)), [refusal])
    head, found = wire.decode(message)
    assert (head.source, head.received_at, head.readings) == ("http", T0, 2)
    assert head.refusals == [("late", "why", 3, 2, b"one\ntwo", "device")]
    assert rows(found) == [(1, T0, 2.5), (9, T0 + 1, -1.0)]
    assert (found.value.ctypes.data % 8, found.observed_at.ctypes.data % 8) == (0, 0) or len(message) % 8


@pytest.mark.parametrize("damage", [b"", b"OCT1", b"xxxx" + bytes(40), b"OCT1\x05\0\0\0hello"])
def test_a_damaged_message_is_said_to_be_so(damage: bytes) -> None:
    with pytest.raises(ValueError, match="message"):
        wire.decode(damage)


def test_a_shortened_message_is_damaged() -> None:
    message = wire.encode("http", T0, batch((1, T0, 2.5)), [])
    with pytest.raises(ValueError, match="cannot hold"):
        wire.decode(message[:-1])


def test_a_large_batch_becomes_several_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_READINGS", 2)
    monkeypatch.setattr(wire, "MAX_REFUSAL_BYTES", 10)
    refusals = [
        Refusal("late", raw=b"x" * 8, readings=1),
        Refusal("future", raw=b"y" * 8, readings=1),
        Refusal("flood"),
    ]
    parts = [wire.decode(m) for m in wire.messages("http", T0, batch(*[(n, T0, 1.0) for n in range(3)]), refusals)]
    assert [len(part) for _head, part in parts] == [2, 1, 0]
    assert [[r[0] for r in head.refusals] for head, _part in parts] == [["late"], ["future"], ["flood"]]


def test_a_stream_made_piece_by_piece_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = batch(*((number, T0 + number, number / 3) for number in range(10)))
    at_once = copy.rows(whole)
    monkeypatch.setattr(copy, "PIECE_ROWS", 4)
    assert [len(piece) for piece in copy.pieces(whole)] == [19, 4 * 34, 4 * 34, 2 * 34, 2]
    assert copy.rows(whole) == at_once


def test_copy_rows_and_back() -> None:
    found = copy.read_rows(copy.rows(batch((1, T0, 2.5), (2, 0, -1e300))))
    assert [column.tolist() for column in found] == [[1, 2], [T0, 0], [2.5, -1e300]]


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(-(2**60), 2**60))))
def test_order_is_stable_by_series_and_time(pairs: list[tuple[int, int]]) -> None:
    series = np.array([p[0] for p in pairs], np.int32)
    at = np.array([p[1] for p in pairs], np.int64)
    expected = sorted(range(len(pairs)), key=lambda i: (pairs[i][0], pairs[i][1], i))
    assert ordering.sort(series, at).tolist() == expected
    few, times = series % 4, at % 8
    expected = sorted(range(len(pairs)), key=lambda i: (few[i], times[i], i))
    assert ordering.sort(few, times).tolist() == expected


def test_old_late_and_repeated() -> None:
    newest = Newest.empty(4)
    newest.at[1], newest.value[1] = T0, 5.0
    late_after = np.full(4, DAY, np.int64)
    found = ordering.judge(
        batch((1, T0 - DAY - 1, 5.0), (1, T0 - DAY, 4.0), (1, T0, 3.0), (1, T0 + 1, 2.0), (2, T0, 1.0), (2, T0, 6.0)),
        newest,
        late_after,
    )
    assert found.late.tolist() == [True, False, False, False, False, False]
    assert found.old.tolist() == [False, True, True, False, False, False]
    assert found.repeated.tolist() == [False, False, False, False, False, True]


def test_newest_grows_and_keeps() -> None:
    newest = Newest.empty(1)
    newest.at[0] = 7
    newest.reach(100)
    assert len(newest.at) >= 100
    assert (newest.at[0], newest.at[99]) == (7, NEVER)


def test_groups_of_a_sorted_column() -> None:
    series, starts = ordering.groups(np.array([1, 1, 4, 9, 9, 9], np.int32))
    assert (series.tolist(), starts.tolist()) == ([1, 4, 9], [0, 2, 3, 6])
    assert ordering.groups(np.empty(0, np.int32))[1].tolist() == [0]


def test_a_bucket_is_overdrawn_once_and_then_waits() -> None:
    bucket = Bucket(rate=10.0, level=300.0, at=0.0)
    assert bucket.wait(0.0) == 0
    bucket.take(500, 0.0)
    assert bucket.wait(0.0) == pytest.approx(20.1)
    assert bucket.wait(20.1) == 0
    assert bucket.take_up_to(5, 21.0) == 5
    assert bucket.take_up_to(100, 21.0) == 5
    assert bucket.take_up_to(100, 21.0) == 0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    buckets = Buckets()
    bucket = buckets.of("d", 10.0, 0.0)
    bucket.wait(1e6)
    assert bucket.level == 10.0 * BURST_SECONDS
    assert buckets.of("d", 10.0, 5.0) is bucket
    assert buckets.of("d", 20.0, 5.0) is not bucket


def test_of_a_flood_what_is_not_kept_is_counted() -> None:
    refusals = Refusals()
    refusals.add("flood", [b"x"], count=5, detail="a\0b\ud800" + "c" * 900, device="d")
    refusals.add("flood", [b"y"], count=1, device="d")
    refusals.add("flood", [b"z"], count=1, device="e")
    first, second = sorted(refusals.finish(), key=lambda r: r.device)
    assert (first.readings, first.kept, first.raw) == (6, 2, b"x\ny")
    assert (first.detail[:4], len(first.detail)) == ("a�b?", 300)
    assert (second.readings, second.raw, refusals.readings) == (1, b"z", 7)


def test_what_is_refused_is_kept_whole_in_several_pieces() -> None:
    refusals = Refusals()
    texts = [b"%06d" % number + b"x" * 94 for number in range(6_000)]
    refusals.add("unknown_entity", texts, count=len(texts), detail="a", device="d", line=3)
    long = b"y" * (2 * KEPT_BYTES + 1)
    refusals.add("malformed", [long, b"short"], count=2, device="d", line=9)
    pieces = refusals.finish()
    rows, bodies = [p for p in pieces if p.reason == "unknown_entity"], [p for p in pieces if p.reason == "malformed"]
    assert [p.kept for p in rows] == [2595, 2595, 810]
    assert {(p.detail, p.line, p.device, p.readings - p.kept) for p in rows} == {("a", 3, "d", 0)}
    assert b"\n".join(p.raw for p in rows).split(b"\n") == texts
    assert [(p.kept, p.readings, len(p.raw)) for p in bodies] == [
        (1, 1, KEPT_BYTES), (0, 0, KEPT_BYTES), (0, 0, 1), (1, 1, 5),
    ]  # fmt: skip
    assert b"".join(p.raw for p in bodies[:3]) == long


def test_more_than_a_request_may_leave_behind_is_said_at_once() -> None:
    refusals = Refusals(10)
    refusals.add("late", [b"12345"], count=1)
    with pytest.raises(TooMuchRefusedError):
        refusals.add("late", [b"12345"], count=1)


def test_the_name_of_a_key_as_the_broker_writes_it() -> None:
    # the public key of the seed 0x01 × 32, checked against nats-server 2.15
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    assert nkeys.public_name(key, nkeys.ACCOUNT_PREFIX) == "ACFIRY65OQE7DFP5KLNS2PF2LVZMUZYJX4OZIEQ36N2IQANUB5XVYYOU"


def test_one_secret_gives_different_keys() -> None:
    keys, other = nkeys.BrokerKeys.derive("secret"), nkeys.BrokerKeys.derive("another")
    assert keys.password == nkeys.BrokerKeys.derive("secret").password
    assert len({keys.password, keys.system_password, other.password, other.system_password}) == 4
    assert keys.issuer_name != other.issuer_name


def test_an_answer_is_signed_by_the_issuer() -> None:
    keys = nkeys.BrokerKeys.derive("secret")
    request = nkeys.Request("SERVER", "USERKEY", "device", "", 7, "mqtt", "device")
    token = nkeys.allow(keys, request, account="CITY", publish=["p"], subscribe=["s"], at=5).decode()
    head, body, signature = token.split(".")
    keys.issuer.public_key().verify(base64.urlsafe_b64decode(signature + "=="), f"{head}.{body}".encode())
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert (claims["aud"], claims["sub"], claims["iss"]) == ("SERVER", "USERKEY", keys.issuer_name)
    user = json.loads(base64.urlsafe_b64decode(claims["nats"]["jwt"].split(".")[1] + "=="))
    assert (user["aud"], user["nats"]["pub"], user["nats"]["sub"]) == ("CITY", {"allow": ["p"]}, {"allow": ["s"]})


@pytest.mark.parametrize("token", [b"", b"a.b.c", b"a.!!.c", b"e30.e30.e30", b"x" * 100])
def test_what_is_no_request(token: bytes) -> None:
    with pytest.raises(ValueError, match="not"):
        nkeys.read_request(token)


def test_declarations_are_checked_at_the_door() -> None:
    with pytest.raises(ValueError, match="cannot name an attribute"):
        Attribute("PM2.5", "x")
    with pytest.raises(ValueError, match="cannot name an attribute"):
        Attribute("values", "x")
    with pytest.raises(ValueError, match="above maximum"):
        Attribute("a", "x", minimum=2, maximum=1)
    with pytest.raises(ValueError, match="cannot name an entity type"):
        EntityType("air station", "x", ())
    with pytest.raises(ValueError, match="names an attribute twice"):
        EntityType("A", "x", (Attribute("a", "x"), Attribute("a", "y")))
    with pytest.raises(UnitError, match="no such unit"):
        Attribute("a", "x", "no such unit")
    with pytest.raises(KeyError, match="no attribute 'b'"):
        EntityType("A", "x", (Attribute("a", "x"),)).attribute("b")


def test_a_refused_reading_keeps_the_unit_it_named() -> None:
    assert admission.render("s", "co", 0.4, 0, "mg/m3") == (
        b'{"entity": "s", "attribute": "co", "value": 0.4, "observed_at": "1970-01-01T00:00:00Z", "unit": "mg/m3"}'
    )
