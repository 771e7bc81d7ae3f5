"""Translations without outside programs: finds every text of every package, merges, checks and compiles catalogues."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parents[1]
LOCALE = "zh_Hans"
Spec = tuple[int | tuple[int, int] | tuple[int, str], ...]
KEYWORDS: Mapping[str, dict[int | None, Spec | None] | Spec | None] = {
    "_": None,
    "lazy": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
TEMPLATE_SUFFIXES = {".html", ".txt", ".xml"}


@dataclass(frozen=True)
class Found:
    """One text in the code: its source form(s), context and where it stands."""

    text: str | tuple[str, ...]
    context: str | None
    place: str
    line: int


def packages() -> list[Path]:
    """The folders that carry a catalogue of their own: each Django application, and the project."""
    return sorted(
        {file.parent for file in SOURCE.rglob("apps.py")}
        | {SOURCE / "project", SOURCE / "sim", SOURCE / "kernel" / "core"}
    )


def find(package: Path) -> Iterator[Found]:
    """Every translatable text in the Python files and templates of `package`."""
    for path in sorted(package.rglob("*")):
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        place = path.relative_to(SOURCE.parent).as_posix()
        if path.suffix == ".py":
            yield from _texts(path.read_bytes(), place)
        elif path.suffix in TEMPLATE_SUFFIXES and "templates" in path.parts:
            source = templatize(path.read_text(encoding="utf-8"), origin=place)
            # a template's indentation is not Python's
            yield from _texts("\n".join(line.lstrip() for line in source.splitlines()).encode(), place)


def _texts(source: bytes, place: str) -> Iterator[Found]:
    for line, text, _comments, context in extract("python", BytesIO(source), keywords=KEYWORDS):
        forms = tuple(part for part in text if part) if isinstance(text, tuple) else text
        if forms:
            yield Found(forms, context, place, line)


def catalogue_path(package: Path) -> Path:
    """Where the Chinese catalogue of `package` lies."""
    return package / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def read(package: Path) -> Catalog:
    """The catalogue of `package`; an empty one where none is written yet."""
    path = catalogue_path(package)
    if not path.exists():
        return Catalog(locale=LOCALE, project="OneCity", version="", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def update() -> list[Path]:
    """Add new texts to each catalogue, drop vanished ones, keep translations; the catalogues that changed."""
    translated = {package: _translated(package) for package in packages()}
    anywhere = {key: string for strings in translated.values() for key, string in strings.items()}
    changed = []
    for package in packages():
        known = anywhere | translated[package]  # a package keeps its own words; others' are only borrowed
        fresh = Catalog(locale=LOCALE, project="OneCity", version="", fuzzy=False)
        for found in find(package):
            message = fresh.add(found.text, context=found.context, locations=[(found.place, 0)])
            message.string = known.get(_key(message), message.string)
        path = catalogue_path(package)
        if len(fresh) and _write(fresh, path):
            changed.append(path)
    return changed


def _translated(package: Path) -> dict[tuple[str, str], Any]:
    return {_key(message): message.string for message in read(package) if message.id and _complete(message)}


def _write(catalogue: Catalog, path: Path) -> bool:
    target = BytesIO()
    write_po(target, catalogue, omit_header=False, include_lineno=False, sort_output=True, width=120)
    lines = [line for line in target.getvalue().decode().splitlines() if "-Date: " not in line and line != "#"]
    text = "\n".join(lines) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def missing() -> list[Found]:
    """Texts in the code without a Chinese translation in any catalogue."""
    known = {_key(m) for package in packages() for m in read(package) if m.id and _complete(m)}
    return [found for package in packages() for found in find(package) if _found_key(found) not in known]


def compile_all() -> int:
    """Write the binary catalogue beside each text catalogue that is newer; how many were written."""
    written = 0
    for package in packages():
        source = catalogue_path(package)
        target = source.with_suffix(".mo")
        if source.exists() and (not target.exists() or target.stat().st_mtime < source.stat().st_mtime):
            buffer = BytesIO()
            write_mo(buffer, read(package))
            target.write_bytes(buffer.getvalue())
            written += 1
    return written


def _complete(message: Message) -> bool:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    return all(strings) and not message.fuzzy


def _key(message: Message) -> tuple[str, str]:
    first = message.id if isinstance(message.id, str) else message.id[0]
    return message.context or "", first


def _found_key(found: Found) -> tuple[str, str]:
    return found.context or "", found.text if isinstance(found.text, str) else found.text[0]


def conflicts() -> list[str]:
    """Texts that two catalogues translate differently; only one of them would ever be shown."""
    said: dict[tuple[str, str], set[str]] = {}
    for package in packages():
        for message in read(package):
            if message.id and isinstance(message.string, str) and _complete(message):
                said.setdefault(_key(message), set()).add(message.string)
    return [f"{text!r}: {' / '.join(sorted(words))}" for (_context, text), words in said.items() if len(words) > 1]
