"""What a codec consists of once its document has been read and found sound: frozen, pure, ready to be evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onecity.kernel.core.text import Text

BINARY, JSON, CBOR, PAIRS, CODE = "binary", "json", "cbor", "pairs", "code"
FORMATS = (BINARY, JSON, CBOR, PAIRS, CODE)
# bytes of one number by its type; BCD has the length that the field names
WIDTHS: Mapping[str, int] = {
    "uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "uint24": 3, "int24": 3, "uint32": 4, "int32": 4,
    "uint40": 5, "uint48": 6, "uint64": 8, "int64": 8, "float16": 2, "float32": 4, "float64": 8,
}  # fmt: skip
BCD = "bcd"
# the order of bytes: `words` swaps 16-bit words, as many Modbus devices do (CDAB), `bytes` the bytes in them (BADC)
ORDERS = ("big", "little", "big-words", "little-words")

Path = tuple[str | int, ...]


class CodecError(ValueError):
    """Something is wrong in a codec or in a message: `where` (a JSON pointer, a byte, a path) and what, for people."""

    def __init__(self, where: str, what: Text) -> None:
        super().__init__(where, what)
        self.where = where
        self.what = what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else str(self.what)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in bytes: `offset` from the start (negative: from the end), its type, byte order and chosen bits.

    `bits` is (lowest bit, how many) of an unsigned integer, bit 0 being the least; with `signed` they are two's complement.
    """

    offset: int
    kind: str
    length: int
    order: str = "big"
    bits: tuple[int, int] | None = None
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """Where a value stands: a number in bytes, or a path in a document."""

    number: Number | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold: the value there (or `port`, or `length` of the message) is one of `values`; `mask` is applied first."""

    subject: str
    values: tuple[float | str | bool, ...]
    at: Where = field(default_factory=Where)
    mask: int = -1


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the time of a reading comes from.

    `at` None: when the message was received. Numbers count `unit_us` microseconds each from `epoch_us`; `layout` reads
    text (`iso` or a strptime pattern in the zone that lies `zone` minutes east of Greenwich); "bcd" reads YYMMDDhhmmss.
    `ago` means: so long before the message was received.
    """

    at: Where | None = None
    unit_us: float = 1_000_000
    epoch_us: int = 0
    layout: str = ""
    zone: int = 0
    ago: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute: where its number stands and what is done with it: leave out, look up, scale, add.

    Of a document, `named` is where the attribute's name stands, and `names` translates it.
    """

    attribute: str
    at: Where
    unit: str = ""
    scale: float = 1.0
    add: float = 0.0
    lookup: Mapping[str, float] | None = None
    invalid: tuple[float, ...] = ()
    conditions: tuple[Condition, ...] = ()
    optional: bool = False
    moment: Moment | None = None
    named: Path | None = None
    names: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record of a message that is a row of tagged records: the bytes it starts with and those that follow."""

    starts: bytes
    size: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """Records that repeat: fixed `size` from `offset` on (`count` of them, None: to the end), tagged `kinds`, or a list.

    `step_us` is what each record's time differs from the one before it.
    """

    offset: int = 0
    size: int = 0
    count: Number | int | None = None
    fields: tuple[Field, ...] = ()
    kinds: tuple[Kind, ...] = ()
    skip_unknown: bool = False
    path: Path | None = None
    step_us: int = 0
    moment: Moment | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of message of a device: when it is this kind, and what it holds."""

    name: str
    conditions: tuple[Condition, ...] = ()
    fields: tuple[Field, ...] = ()
    records: tuple[Records, ...] = ()
    moment: Moment = field(default_factory=Moment)
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes as they are, or a number of the command's payload: `(value - add) / scale`, looked up before."""

    constant: bytes = b""
    path: Path | None = None
    kind: str = "uint8"
    order: str = "big"
    scale: float = 1.0
    add: float = 0.0
    lookup: Mapping[str, float] | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Downlink:
    """A command by its name: the pieces of its message one after the other, its port, whether the device confirms it.

    `tests`: payloads and the message that must come of each.
    """

    name: str
    port: int
    confirmed: bool
    pieces: tuple[Piece, ...]
    tests: tuple[tuple[Mapping[str, Any], bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec: the format of its messages and their layouts, of which the first that fits is taken."""

    name: str
    format: str
    layouts: tuple[Layout, ...] = ()
    separators: str = ";,"
    code: str = ""
    vectors: Sequence["Vector"] = ()
    downlinks: tuple[Downlink, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as a test vector expects it and as a trial shows it; `observed_at` in µs."""

    attribute: str
    value: float
    observed_at: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Vector:
    """A test of a codec: a message and what must come of it, readings or a failure."""

    name: str
    data: bytes
    port: int
    received_at: int
    readings: tuple[Reading, ...] = ()
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """A message as it came: its bytes, the port (LoRaWAN FPort; 0 where there is none), and when it came (µs)."""

    data: bytes
    port: int = 0
    received_at: int = 0
