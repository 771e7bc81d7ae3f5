"""Whatever devices answer and whatever people put into commands: a sentence about what is wrong, never a surprise."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import chirpstack
from onecity.kernel.telemetry.codecs import encoding
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.codecs.reading import read
from onecity.kernel.telemetry.commanding import answering
from onecity.kernel.telemetry.fieldbus import forms, writing
from onecity.kernel.telemetry.tests.codec_documents import LHT65

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ID = "01a211fb-2a8a-72f0-8658-c419c0d9926b"
ANSWERS = st.dictionaries(st.sampled_from(["id", "ok", "received", "result", "x"]), JSON | st.just(ID), max_size=5)
PIECE = st.fixed_dictionaries(
    {},
    optional={
        "hex": st.sampled_from(["", "01", "zz", "FFFF"]),
        "path": st.sampled_from(["", "a", "a.b", "a[0]", "..", '["x"]']),
        "type": st.sampled_from(["uint8", "int16", "float16", "float32", "uint64", "bcd", "x"]),
        "order": st.sampled_from(["big", "little", "big-words", "little-words", "x"]),
        "scale": st.sampled_from([0, 1, 0.1, -1e-300, 1e300]),
        "add": st.floats(allow_nan=False, allow_infinity=False),
        "lookup": st.none() | st.dictionaries(st.sampled_from(["on", "1", "None"]), st.integers(-5, 300), max_size=2),
        "minimum": st.none() | st.integers(-5, 5),
    },
)


@settings(deadline=None)
@given(st.binary(max_size=200) | ANSWERS.map(lambda answer: json.dumps(answer).encode()))
def test_no_answer_makes_the_reader_fail(body: bytes) -> None:
    try:
        said = answering.read(body)
    except Problem as problem:
        assert problem.status in {413, 422}  # noqa: PT017 - the other outcome is fine too
        return
    assert said.outcome in {"delivered", "acknowledged", "failed"}
    assert "\\u0000" not in json.dumps(said.result).replace("\\\\u0000", "")


@settings(deadline=None)
@given(st.lists(PIECE, max_size=3), st.dictionaries(st.sampled_from(["a", "x"]), JSON, max_size=2))
def test_no_declaration_and_no_payload_make_the_encoder_fail(pieces: list[Any], payload: dict[str, Any]) -> None:
    try:
        (downlink,) = read({**LHT65, "downlinks": [{"name": "n", "pieces": pieces}]}).downlinks
        assert len(encoding.encode(downlink, payload)) <= encoding.MOST_BYTES
    except CodecError as error:
        assert str(error)  # noqa: PT017 - the other outcome is fine too


@settings(deadline=None)
@given(
    st.sampled_from(["uint8", "int16", "float16", "float32", "uint48", "float64"]),
    st.sampled_from([1, 0.1, -2.5, 1e-300]),
    st.dictionaries(st.sampled_from(["value", "x"]), JSON, max_size=2),
)
def test_no_value_makes_the_writer_fail(kind: str, scale: float, payload: dict[str, Any]) -> None:
    point = forms.ModbusPoint(entity="e", attribute="a", address=0, type=kind, scale=scale, command="set")
    try:
        words = writing.registers_of(point, payload)
    except CodecError as error:
        assert str(error)  # noqa: PT017 - the other outcome is fine too
        return
    assert all(0 <= word <= 65535 for word in words)


@settings(deadline=None)
@given(st.binary(max_size=100) | st.dictionaries(
    st.sampled_from(["deviceInfo", "queueItemId", "acknowledged"]), JSON | st.just({"devEui": "x"}), max_size=3
).map(lambda event: json.dumps(event).encode()))  # fmt: skip
def test_no_event_about_a_downlink_makes_the_reader_fail(body: bytes) -> None:
    for kind in ("ack", "txack", "up"):
        try:
            chirpstack.told(body, kind)
        except CodecError as error:
            assert str(error)  # noqa: PT017 - the other outcome is fine too
