"""The document of a codec as people write it (JSON): its members and their types, checked when it is read."""

from typing import Annotated, Any

import msgspec

Short = Annotated[str, msgspec.Meta(max_length=200)]
Offset = Annotated[int, msgspec.Meta(ge=-4096, le=4096)]
Size = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-Fa-f]{2}[ ]?)*$", max_length=20_000)]
Scalar = float | str | bool
Zone = Annotated[str, msgspec.Meta(pattern=r"^(Z|[+-][0-9]{2}:[0-9]{2})$")]


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every place of a value has: offset and type in bytes, or a path in a document."""

    offset: Offset | None = None
    type: Short = "uint8"
    length: Annotated[int, msgspec.Meta(ge=1, le=8)] = 0
    order: Short = "big"
    bits: tuple[int, int] | None = None
    signed: bool = False
    path: Annotated[str, msgspec.Meta(max_length=400)] = ""


class ConditionForm(Part):
    """`port`, `size` (bytes of the message) or a value there; it must be one of `equals`."""

    port: int | list[int] | None = None
    size: int | list[int] | None = None
    equals: Scalar | list[Scalar] | None = None
    mask: int = -1


class MomentForm(Part):
    """Where the time stands: `epoch` as text with zone, `unit` s, ms, us, min or h, `layout` iso or strptime's."""

    unit: Short = "s"
    epoch: Short = "1970-01-01T00:00:00Z"
    layout: Short = ""
    zone: Zone = "Z"
    ago: bool = False


class FieldForm(Part):
    """One attribute."""

    attribute: Short = ""
    unit: Short = ""
    scale: float = 1.0
    add: float = 0.0
    lookup: Annotated[dict[str, float], msgspec.Meta(max_length=1000)] | None = None
    invalid: Annotated[list[float], msgspec.Meta(max_length=50)] = []
    when: ConditionForm | list[ConditionForm] = []
    optional: bool = False
    observed_at: MomentForm | None = None
    attribute_path: Short = ""
    attributes: Annotated[dict[str, str], msgspec.Meta(max_length=1000)] | None = None


class KindForm(msgspec.Struct, forbid_unknown_fields=True):
    """One kind of tagged record: `starts` in hex, `size` of what follows."""

    starts: Hex
    size: Annotated[int, msgspec.Meta(ge=0, le=512)]
    fields: Annotated[list[FieldForm], msgspec.Meta(max_length=200)] = []


class RecordsForm(msgspec.Struct, forbid_unknown_fields=True):
    """Records that repeat."""

    offset: Offset = 0
    size: Annotated[int, msgspec.Meta(ge=0, le=4096)] = 0
    count: Part | int | None = None
    fields: Annotated[list[FieldForm], msgspec.Meta(max_length=200)] = []
    kinds: Annotated[list[KindForm], msgspec.Meta(max_length=300)] = []
    skip_unknown: bool = False
    path: Short = ""
    step: float = 0.0
    observed_at: MomentForm | None = None


class LayoutForm(msgspec.Struct, forbid_unknown_fields=True):
    """One kind of message."""

    name: Short = ""
    when: ConditionForm | list[ConditionForm] = []
    fields: Annotated[list[FieldForm], msgspec.Meta(max_length=500)] = []
    records: RecordsForm | list[RecordsForm] = []
    observed_at: MomentForm | None = None
    ignore: bool = False


class ReadingForm(msgspec.Struct, forbid_unknown_fields=True):
    """One reading that a test expects; without `observed_at` the time is not compared."""

    attribute: Short
    value: float
    observed_at: str | float | None = None
    unit: str | None = None


class TestForm(msgspec.Struct, forbid_unknown_fields=True):
    """A message and what must come of it."""

    __test__ = False  # pytest must not take it for a test of its own

    name: Short = ""
    hex: Hex | None = None
    json: msgspec.Raw = msgspec.Raw()
    text: Annotated[str, msgspec.Meta(max_length=100_000)] | None = None
    port: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    received_at: str | float = "2026-01-01T00:00:00Z"
    readings: Annotated[list[ReadingForm], msgspec.Meta(max_length=1000)] = []
    fails: bool = False


class PieceForm(msgspec.Struct, forbid_unknown_fields=True):
    """A piece of a command's message: `hex`, or the value at `path` of the payload as a number."""

    hex: Hex = ""
    path: Annotated[str, msgspec.Meta(max_length=400)] = ""
    type: Short = "uint8"
    order: Short = "big"
    scale: float = 1.0
    add: float = 0.0
    lookup: Annotated[dict[str, float], msgspec.Meta(max_length=1000)] | None = None
    minimum: float | None = None
    maximum: float | None = None


class DownlinkTestForm(msgspec.Struct, forbid_unknown_fields=True):
    """A payload of a command and the message that must come of it."""

    payload: dict[str, Any]
    hex: Hex


class DownlinkForm(msgspec.Struct, forbid_unknown_fields=True):
    """A command that the device takes, by its name."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    pieces: Annotated[list[PieceForm], msgspec.Meta(max_length=100)] = []
    port: Annotated[int, msgspec.Meta(ge=1, le=223)] = 1
    confirmed: bool = True
    tests: Annotated[list[DownlinkTestForm], msgspec.Meta(max_length=100)] = []


class CodecForm(msgspec.Struct, forbid_unknown_fields=True):
    """The whole document; `title` and `notes` are for people."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
    format: Short = "binary"
    title: Short = ""
    notes: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    messages: Annotated[list[LayoutForm], msgspec.Meta(max_length=100)] = []
    separators: Annotated[str, msgspec.Meta(min_length=1, max_length=8)] = ";,"
    code: Short = ""
    tests: Annotated[list[TestForm], msgspec.Meta(max_length=200)] = []
    downlinks: Annotated[list[DownlinkForm], msgspec.Meta(max_length=100)] = []
