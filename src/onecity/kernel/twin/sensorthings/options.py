"""The query options of a request (OGC 18-088, 9.3): read, bounded, and the same inside `$expand`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from onecity.kernel.twin.sensorthings.filtering import Node, parse, unsupported, wrong

DEFAULT_TOP, MOST_TOP, MOST_SKIP = 100, 1_000, 10_000
MOST_EXPANDED, DEEPEST_EXPAND = 100, 4


@dataclass(slots=True)
class Options:
    """What a request asks for. `after` continues a list where the page before it ended."""

    top: int = DEFAULT_TOP
    skip: int = 0
    count: bool = False
    filter: Node | None = None
    order: list[tuple[str, bool]] = field(default_factory=list)
    select: list[str] = field(default_factory=list)
    expand: dict[str, "Options"] = field(default_factory=dict)
    after: str = ""
    data_array: bool = False
    # only the addresses of rows ($ref)
    reference: bool = False


def read(pairs: list[tuple[str, str]], depth: int = 0) -> Options:
    """The options from names and values; raises Problem 400 or 501."""
    found = Options()
    for name, text in pairs:
        setter = SETTERS.get(name)
        if setter is None:
            raise unsupported(name[:60]) if name.startswith("$") else wrong(_("There is no such option"), name[:60])
        setter(found, text.strip(), depth)
    if found.expand:
        found.top = min(found.top, MOST_EXPANDED)
    return found


def _top(found: Options, value: str, _depth: int) -> None:
    found.top = min(_number("$top", value), MOST_TOP)


def _skip(found: Options, value: str, _depth: int) -> None:
    found.skip = _number("$skip", value)
    if found.skip > MOST_SKIP:
        raise wrong(_("Follow the links to the next page instead of skipping so far"))


def _count(found: Options, value: str, _depth: int) -> None:
    if value not in {"true", "false"}:
        raise wrong(_("The value must be true or false"), "$count")
    found.count = value == "true"


def _filter(found: Options, value: str, _depth: int) -> None:
    found.filter = parse(value)


def _orderby(found: Options, value: str, _depth: int) -> None:
    found.order = [_order(part) for part in value.split(",")]


def _select(found: Options, value: str, _depth: int) -> None:
    found.select = [part.strip() for part in value.split(",")]


def _expand_(found: Options, value: str, depth: int) -> None:
    found.expand = _expand(value, depth)


def _token(found: Options, value: str, _depth: int) -> None:
    found.after = value[:100]


def _format(found: Options, value: str, _depth: int) -> None:
    if value != "dataArray":
        raise unsupported(f"$resultFormat={value}"[:60])
    found.data_array = True


SETTERS: Mapping[str, Callable[[Options, str, int], None]] = {
    "$top": _top, "$skip": _skip, "$count": _count, "$filter": _filter, "$orderby": _orderby, "$select": _select,
    "$expand": _expand_, "$skiptoken": _token, "$resultFormat": _format,
}  # fmt: skip


def _number(name: str, value: str) -> int:
    if not value.isdigit() or len(value) > 9:
        raise wrong(_("The value must be a whole number"), name)
    return int(value)


def _order(part: str) -> tuple[str, bool]:
    name, _space, direction = part.strip().partition(" ")
    # clients write it in capitals too
    direction = direction.strip().lower()
    if direction not in {"", "asc", "desc"} or not name:
        raise wrong(_("Order is given as “name asc” or “name desc”"), part[:60])
    return name, direction == "desc"


def _expand(text: str, depth: int) -> dict[str, Options]:
    if depth >= DEEPEST_EXPAND:
        raise wrong(_("$expand is nested too deeply"))
    found: dict[str, Options] = {}
    for part in split(text, ","):
        path, bracket, inner = part.strip().partition("(")
        pairs = [
            (name.strip(), value)
            for name, equals, value in (item.partition("=") for item in split(inner.removesuffix(")"), ";"))
            if equals
        ]
        first, slash, rest = path.partition("/")
        if slash:
            # `A/B($top=1)` is A with its B
            nested = [("$expand", rest + (f"({inner}" if bracket else ""))]
            found[first] = read(nested, depth + 1)
        else:
            found[first] = read(pairs, depth + 1)
    return found


def split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand outside brackets and quotes."""
    parts, level, quoted, start = [], 0, False, 0
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            level += 1 if letter == "(" else -1
        elif not quoted and not level and letter == separator:
            parts.append(text[start:at])
            start = at + 1
    return [part for part in (*parts, text[start:]) if part.strip()]
