"""One division as an edition lists it: what sources give and what the tables take, without the database between."""

from dataclasses import dataclass

from onecity.kernel.core.geometry import Area


@dataclass(frozen=True, slots=True)
class Entry:
    """A division of an edition (a published list of divisions); `parent` is the parent's code, empty for a root.

    `located`: the position (lon, lat) is known, not only a place for the label. `shape` None says nothing about the
    outline: one that is known stays as it is; an empty shape says that there is none.
    """

    code: str
    name: str
    level: str
    parent: str = ""
    lon: float | None = None
    lat: float | None = None
    located: bool = False
    shape: Area | None = None
    approximate: bool = False
    source: str = ""
