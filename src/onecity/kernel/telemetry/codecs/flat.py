"""The codec of who needs none: every number of a flat JSON object is an attribute of its own name."""

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs import registry
from onecity.kernel.telemetry.codecs.block import number_of
from onecity.kernel.telemetry.codecs.declaration import CODE, Codec, CodecError, Payload
from onecity.kernel.telemetry.codecs.gathering import Gathering

NAME = "flat"
MOST = 500
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
ODD = re.compile(r"[^a-z0-9]+")


def attribute_name(member: str) -> str:
    """A member's name as an attribute's: `TempC_SHT` → `temp_c_sht`."""
    return ODD.sub("_", CAMEL.sub("_", member).lower()).strip("_")


def _flat(payloads: Sequence[Payload], gathering: Gathering) -> None:
    for row, payload in enumerate(payloads):
        rows = np.array([row], np.int64)
        try:
            document = msgspec.json.decode(payload.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            gathering.fail(rows, CodecError("", _("This is not JSON: {text}", text=str(error)[:200])))
            continue
        if not isinstance(document, dict) or len(document) > MOST:
            gathering.fail(rows, CodecError("", _("This is not an object of at most {most} members", most=MOST)))
            continue
        for member, raw in document.items():
            value = None if isinstance(raw, str) else number_of(raw)
            if value is not None and (name := attribute_name(member)):
                gathering.add(name[:63], "", rows, np.array([value]), np.array([payload.received_at], np.int64))


registry.register(NAME, _flat)
CODEC = Codec(NAME, CODE, code=NAME)
