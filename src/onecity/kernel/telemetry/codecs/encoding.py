"""Commands in a device's own form: what a codec declares for the way down, evaluated. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs import form, packing, paths
from onecity.kernel.telemetry.codecs.declaration import ORDERS, WIDTHS, CodecError, Downlink, Piece

# a LoRaWAN message has at most so many bytes (LoRaWAN Regional Parameters, dwell time apart)
MOST_BYTES = 242


def encode(downlink: Downlink, payload: Mapping[str, Any]) -> bytes:
    """The message of a command; raises CodecError with the place in the payload that is wrong."""
    found = b"".join(piece.constant if piece.path is None else _number(piece, payload) for piece in downlink.pieces)
    if len(found) > MOST_BYTES:
        raise CodecError("", _("A message may have {most} bytes", most=MOST_BYTES))
    return found


def _number(piece: Piece, payload: Mapping[str, Any]) -> bytes:
    path = piece.path or ()
    where, value = paths.render(path), paths.follow(dict(payload), path)
    if value is paths.MISSING:
        raise CodecError(where, _("The command needs this value"))
    if piece.lookup is not None:
        if str(value) not in piece.lookup:
            raise CodecError(where, _("The value must be one of {list}", list=", ".join(piece.lookup)))
        value = piece.lookup[str(value)]
    given = packing.number(value, where)
    below = piece.minimum is not None and given < piece.minimum
    if below or (piece.maximum is not None and given > piece.maximum):
        raise CodecError(
            where, _("The value must lie between {least} and {most}", least=piece.minimum, most=piece.maximum)
        )
    return packing.pack((given - piece.add) / piece.scale, piece.kind, piece.order, where)


def read(wanted: Sequence[form.DownlinkForm]) -> tuple[Downlink, ...]:
    """The commands that a document declares, each tested; raises CodecError with the place of what is wrong."""
    found = tuple(_downlink(item, f"downlinks[{number}]") for number, item in enumerate(wanted))
    if len({item.name for item in found}) < len(found):
        raise CodecError("downlinks", _("Two commands have the same name"))
    return found


def check(downlink: Downlink) -> list[str]:
    """What the tests of a command find wrong, for people; nothing where all hold."""
    wrong = []
    for payload, expected in downlink.tests:
        try:
            found = encode(downlink, payload)
        except CodecError as error:
            wrong.append(str(error))
            continue
        if found != expected:
            wrong.append(f"{found.hex()} ≠ {expected.hex()}")
    return wrong


def _downlink(wanted: form.DownlinkForm, at: str) -> Downlink:
    if not wanted.pieces:
        raise CodecError(f"{at}.pieces", _("Say what the message of the command consists of"))
    pieces = tuple(_piece(item, f"{at}.pieces[{number}]") for number, item in enumerate(wanted.pieces))
    tests = tuple((test.payload, bytes.fromhex(test.hex)) for test in wanted.tests)
    return Downlink(wanted.name, wanted.port, wanted.confirmed, pieces, tests)


def _piece(wanted: form.PieceForm, at: str) -> Piece:
    if bool(wanted.hex) == bool(wanted.path):
        raise CodecError(at, _("A piece is either hex or the path of a value"))
    if wanted.hex:
        return Piece(bytes.fromhex(wanted.hex))
    if wanted.type not in WIDTHS:
        raise CodecError(f"{at}.type", _("The type must be one of {list}", list=", ".join(WIDTHS)))
    if wanted.order not in ORDERS:
        raise CodecError(f"{at}.order", _("The order of bytes must be one of {list}", list=", ".join(ORDERS)))
    if wanted.order.endswith("words") and WIDTHS[wanted.type] % 2:
        raise CodecError(f"{at}.order", _("Words can be swapped only in numbers of whole words"))
    if not wanted.scale:
        raise CodecError(f"{at}.scale", _("The scale must not be 0"))
    return Piece(
        path=paths.parse(wanted.path, f"{at}.path"),
        kind=wanted.type,
        order=wanted.order,
        scale=wanted.scale,
        add=wanted.add,
        lookup=wanted.lookup,
        minimum=wanted.minimum,
        maximum=wanted.maximum,
    )
