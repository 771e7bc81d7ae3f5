"""A kind of certificate as data: what it says, whose it is, how long it is valid; read from and written to JSON."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

Value = str | int | bool
Grade = Literal["public", "ordinary", "sensitive"]
FieldKind = Literal["text", "integer", "boolean", "date"]
NAME: Final = r"^[a-z][a-z0-9_]{0,39}$"
CODE: Final = r"^[a-z][a-z0-9_-]{0,63}$"
# claims that the signed data has anyway (RFC 7519, SD-JWT VC draft 15, ours)
RESERVED: Final = frozenset(
    {
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "cnf",
        "vct",
        "status",
        "name",
        "identity",
        "holder_kind",
        "title",
    }
)
LONGEST_TEXT: Final = 500
FORM: Final[Mapping[FieldKind, type]] = {"text": str, "integer": int, "boolean": bool, "date": str}
PLACEHOLDER: Final = re.compile(r"\{([a-z_0-9]+)\}")


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    zh: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]

    def in_(self, language: str) -> str:
        """The text in the language of the reader."""
        return self.zh if language.startswith("zh") else self.en


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that a certificate says.

    `grade`: public is shown to whoever verifies the number, ordinary to whoever may see the certificate, sensitive is sealed.
    `age_over`: of a date of birth also whether the holder had reached these ages at issue, each disclosed by itself.
    """

    name: Annotated[str, msgspec.Meta(pattern=NAME)]
    title: Words
    kind: FieldKind = "text"
    grade: Grade = "ordinary"
    required: bool = True
    age_over: tuple[Annotated[int, msgspec.Meta(ge=1, le=150)], ...] = ()


class Validity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long a certificate is valid where its issue does not say; neither: without end."""

    months: Annotated[int, msgspec.Meta(ge=1, le=1200)] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] | None = None

    def last_day(self, first: dt.date) -> dt.date | None:
        """The last day of a certificate that is valid from `first` on."""
        if self.months is not None:
            return add_months(first, self.months) - dt.timedelta(days=1)
        return first + dt.timedelta(days=self.days - 1) if self.days is not None else None


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the printed certificate says; `{name}`, `{identity}` and names of fields stand for values."""

    body: Words | None = None
    layout: Literal["table", "letter"] = "table"
    note: Words | None = None


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One version of a kind of certificate; `number`: the three characters after the code of the defining body (GB/T 36904)."""

    code: Annotated[str, msgspec.Meta(pattern=CODE)]
    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{3}$")]
    title: Words
    defining_uscc: Annotated[str, msgspec.Meta(min_length=18, max_length=18)]
    fields: Annotated[tuple[Field, ...], msgspec.Meta(max_length=40)] = ()
    holder: Literal["person", "company", "any"] = "any"
    effective_from: dt.date = dt.date(2000, 1, 1)
    effective_until: dt.date | None = None
    validity: Validity = Validity()
    template: Template = Template()

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return next((one for one in self.fields if one.name == name), None)


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of kinds."""

    types: tuple[Kind, ...]


def read(text: bytes | str) -> tuple[Kind, ...]:
    """The kinds of a file; raises ValueError that says where it is wrong."""
    try:
        return msgspec.json.decode(text, type=File).types
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def write(kinds: tuple[Kind, ...]) -> str:
    """A file of kinds, for people to read."""
    return msgspec.json.format(msgspec.json.encode(File(kinds)), indent=2).decode() + "\n"


def slips(kind: Kind) -> Iterator[tuple[str, str]]:
    """What a schema cannot tell: where it is wrong and a word for it."""
    yield from _field_slips(kind.fields)
    if kind.effective_until is not None and kind.effective_until < kind.effective_from:
        yield "effective_until", "before-start"
    if kind.validity.months is not None and kind.validity.days is not None:
        yield "validity", "twice"
    known = {one.name for one in kind.fields} | {"name", "identity"}
    body = kind.template.body
    for text in (body.zh, body.en) if body else ():
        for name in PLACEHOLDER.findall(text):
            if name not in known:
                yield f"template: {name}", "unknown"


def _field_slips(fields: tuple[Field, ...]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for one in fields:
        if one.name in RESERVED or one.name.startswith("age_over_"):
            yield one.name, "reserved"
        if one.name in seen:
            yield one.name, "twice"
        if one.age_over and one.kind != "date":
            yield one.name, "age-of-no-date"
        seen.add(one.name)


def wrong(kind: Kind, claims: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the claims of a certificate of this kind: the field and a word for it."""
    for name in claims:
        if kind.field(name) is None:
            yield name, "unknown"
    for one in kind.fields:
        value = claims.get(one.name)
        if value is None or value == "":
            if one.required:
                yield one.name, "missing"
        elif not _fits(one.kind, value):
            yield one.name, one.kind


def ages(kind: Kind, claims: Mapping[str, Any], day: dt.date) -> dict[str, bool]:
    """Whether the holder has reached each age that the kind asks for, on `day`; born on 29 February counts from 1 March."""
    found = {}
    for one in kind.fields:
        born = claims.get(one.name)
        if one.age_over and isinstance(born, str):
            reached = dt.date.fromisoformat(born)
            for age in one.age_over:
                found[f"age_over_{age}"] = _birthday(reached, age) <= day
    return found


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or its last one where it is shorter."""
    year, month = divmod(day.month - 1 + months, 12)
    first = dt.date(day.year + year, month + 1, 1)
    following = dt.date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + dt.timedelta(days=day.day - 1), following - dt.timedelta(days=1))


def _birthday(born: dt.date, age: int) -> dt.date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return dt.date(born.year + age, 3, 1)


def _fits(kind: FieldKind, value: object) -> bool:
    if not isinstance(value, FORM[kind]) or (kind == "integer" and isinstance(value, bool)):
        return False
    if kind == "date":
        try:
            return dt.date.fromisoformat(str(value)).isoformat() == value
        except ValueError:
            return False
    if kind == "text":
        return len(str(value)) <= LONGEST_TEXT and str(value).isprintable()
    return kind == "boolean" or abs(int(str(value))) < 2**53
