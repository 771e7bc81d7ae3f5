"""Trying a codec out: on one captured message, and on the test vectors that belong to it."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.batch import NEVER
from onecity.kernel.telemetry.codecs import encoding, registry
from onecity.kernel.telemetry.codecs.declaration import Codec, CodecError, Payload, Reading, Vector
from onecity.kernel.telemetry.codecs.decoding import decode
from onecity.kernel.telemetry.codecs.gathering import Decoded

# values are compared to so many significant digits, which is more than a float32 holds
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A test vector that did not give what it expects: its name, what was expected and what came."""

    name: str
    what: Text


def readings(decoded: Decoded, message: int = 0) -> list[Reading]:
    """The readings of one message, one by one."""
    rows = [row for row, number in enumerate(decoded.message.tolist()) if number == message]
    return [
        Reading(
            decoded.attributes[int(decoded.attribute[row])],
            float(decoded.value[row]),
            int(decoded.observed_at[row]),
            decoded.units[int(decoded.attribute[row])],
        )
        for row in rows
    ]


def attempt(codec: Codec, payload: Payload) -> list[Reading]:
    """The readings of one message; raises CodecError with the position of what is wrong."""
    decoded = decode(codec, [payload], registry.code(codec.code))
    if 0 in decoded.failures:
        raise decoded.failures[0]
    return readings(decoded)


def check(codec: Codec) -> list[Mismatch]:
    """The test vectors that do not hold."""
    wrong = [Mismatch(vector.name, what) for vector in codec.vectors if (what := _wrong(codec, vector)) is not None]
    for downlink in codec.downlinks:
        wrong += [Mismatch(downlink.name, _("{text}", text=what)) for what in encoding.check(downlink)]
    return wrong


def _wrong(codec: Codec, vector: Vector) -> Text | None:
    try:
        found = attempt(codec, Payload(vector.data, vector.port, vector.received_at))
    except CodecError as error:
        return None if vector.fails else _("fails: {error}", error=error)
    if vector.fails:
        return _("should fail, but gives {found}", found=_shown(found))
    if len(found) == len(vector.readings) and all(
        _same(one, other) for one, other in zip(_ordered(found), _ordered(vector.readings), strict=True)
    ):
        return None
    return _("gives {found}, expected {expected}", found=_shown(found), expected=_shown(vector.readings))


def _same(found: Reading, expected: Reading) -> bool:
    return (
        found.attribute == expected.attribute
        and math.isclose(found.value, expected.value, rel_tol=TOLERANCE, abs_tol=1e-9)
        and expected.observed_at in (NEVER, found.observed_at)
        and expected.unit in ("", found.unit)
    )


def _ordered(listed: Sequence[Reading]) -> list[Reading]:
    return sorted(listed, key=lambda reading: (reading.attribute, reading.observed_at, reading.value))


def _shown(listed: Sequence[Reading]) -> str:
    return json.dumps({reading.attribute: round(reading.value, 9) for reading in listed})[:300]
