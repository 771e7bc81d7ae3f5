"""Messages that are documents: JSON, CBOR, or pairs of names and values as environmental monitors write them."""

import msgspec

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs import cbor
from onecity.kernel.telemetry.codecs.declaration import CBOR, PAIRS, Codec, CodecError

DEEPEST = 32
MOST_PAIRS = 5_000


def read(codec: Codec, data: bytes) -> object:
    """The document in a message; raises CodecError with the place where it goes wrong."""
    if codec.format == CBOR:
        return cbor.loads(data)
    if codec.format == PAIRS:
        return pairs(data, codec.separators)
    if _too_deep(data):
        raise CodecError("", _("The JSON is nested too deeply"))
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("", _("This is not JSON: {text}", text=str(error)[:200])) from error


def pairs(data: bytes, separators: str) -> dict[str, object]:
    """`name=value` pairs between any of the separators; of a name that occurs twice the last stays."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise CodecError(f"byte {error.start}", _("This is not UTF-8 text")) from error
    for separator in separators[1:]:
        text = text.replace(separator, separators[0])
    parts = text.split(separators[0])
    if len(parts) > MOST_PAIRS:
        raise CodecError("", _("The message has more than {most} pairs", most=MOST_PAIRS))
    found: dict[str, object] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if equals:
            found[name.strip()] = value.strip()
    if not found:
        raise CodecError("", _("The message has no pairs of names and values"))
    return found


def _too_deep(data: bytes) -> bool:
    """Whether brackets stand deeper than a device's message needs; those in texts count too, which errs on the safe side."""
    if data.count(b"{") + data.count(b"[") <= DEEPEST:
        return False
    depth = deepest = 0
    for byte in data:
        if byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest > DEEPEST
