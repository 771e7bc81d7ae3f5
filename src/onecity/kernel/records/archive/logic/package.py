"""A package of one matter: a BagIt bag (RFC 8493) in a ZIP, with digests by SHA-256 and SM3 for every file in it.

The same matter under the same number gives the same bytes: times within the ZIP are fixed, names are in Unicode's composed form.
"""

import datetime as dt
import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes

from onecity.kernel.records.archive.logic import metadata
from onecity.kernel.records.archive.logic.matter import PARTS, Document, Matter

METADATA: Final = "data/元数据.xml"
REPORT: Final = "data/四性检测报告.json"
README: Final = "data/说明.txt"
DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ALGORITHMS: Final = ("sha256", "sm3")
LONGEST_NAME: Final = 120
MOST_FILES: Final = 2_000
MOST_BYTES: Final = 2 * 1024**3
FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
UNFIT: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]')
RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class PackageError(ValueError):
    """A package that cannot be read as one; the text says where."""


@dataclass(frozen=True, slots=True)
class Bag:
    """The files of a package by their path below its top folder, the folder's name being the file number."""

    name: str
    files: Mapping[str, bytes] = field(repr=False)

    def payload(self) -> dict[str, bytes]:
        """What is kept, without the tag files of BagIt."""
        return {path: content for path, content in self.files.items() if path.startswith("data/")}


def digests(content: bytes) -> dict[str, str]:
    """Both digests of some bytes, in hexadecimal."""
    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(content)
    return {"sha256": hashlib.sha256(content).hexdigest(), "sm3": sm3.finalize().hex()}


def paths(documents: Sequence[Document]) -> list[str]:
    """Where each document stands: by part and order, under its own name made fit for every file system."""
    counts: dict[str, int] = {}
    found = []
    for document in documents:
        folder = PARTS[document.part]
        counts[folder] = counts.get(folder, 0) + 1
        found.append(f"data/{folder}/{counts[folder]:03d}-{fit(document.name)}")
    return found


def fit(name: str) -> str:
    """A file's name without what a file system or BagIt's manifests cannot hold; never empty."""
    plain = UNFIT.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    if RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > LONGEST_NAME:
        plain = f"{(stem or ending)[: LONGEST_NAME - 12]}{dot}{ending[:11]}" if dot else plain[:LONGEST_NAME]
    return plain or "无名文件"


def build(matter: Matter, call_number: str, report: bytes | None = None) -> Bag:
    """The package of a matter; `report` is that of the four checks, which looks at the package without itself."""
    payload: dict[str, bytes] = {}
    listed = []
    for path, document in zip(paths(matter.documents), matter.documents, strict=True):
        payload[path] = document.content
        marks = digests(document.content)
        listed.append(
            metadata.Listed(
                path.removeprefix("data/"), len(document.content), marks["sha256"], marks["sm3"],
                document.title or document.name, document.made_at, document.made_by,
            )
        )  # fmt: skip
    payload[METADATA] = metadata.write(matter, call_number, listed)
    payload[README] = _readme(matter, call_number).encode()
    if report is not None:
        payload[REPORT] = report
    return Bag(call_number, payload | _tags(payload, matter, call_number))


def write(bag: Bag) -> bytes:
    """The bag as an uncompressed ZIP, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(bag.files):
            entry = zipfile.ZipInfo(f"{bag.name}/{path}", FIXED_TIME)
            entry.external_attr = 0o640 << 16
            file.writestr(entry, bag.files[path])
    return out.getvalue()


def read(content: bytes) -> Bag:
    """The bag in a ZIP; raises PackageError for what is none, leads out of its folder, or is larger than it may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            entries = [entry for entry in file.infolist() if not entry.is_dir()]
            top = _top(entries)
            return Bag(top, {entry.filename.removeprefix(f"{top}/"): file.read(entry) for entry in entries})
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise PackageError(f"this is no whole ZIP: {error}") from error


def manifest_faults(bag: Bag) -> list[str]:
    """What BagIt's manifests say against the bag: files changed, missing or not listed. Empty: it is whole."""
    faults = []
    for algorithm in ALGORITHMS:
        faults += _faults(bag, f"manifest-{algorithm}.txt", algorithm, bag.payload())
        tags = {path: c for path, c in bag.files.items() if not path.startswith(("data/", "tagmanifest-"))}
        faults += _faults(bag, f"tagmanifest-{algorithm}.txt", algorithm, tags)
    if bag.files.get("bagit.txt") != DECLARATION.encode():
        faults.append("bagit.txt")
    return faults


def _top(entries: Sequence[zipfile.ZipInfo]) -> str:
    if not entries or len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise PackageError(f"a package has 1 to {MOST_FILES} files of {MOST_BYTES} bytes at most")
    tops = {entry.filename.partition("/")[0] for entry in entries}
    wrong = [
        e.filename for e in entries if ".." in e.filename.split("/") or e.filename.startswith("/") or "\\" in e.filename
    ]
    if len(tops) != 1 or wrong or len({e.filename for e in entries}) != len(entries):
        raise PackageError(f"a package is one folder with each file once: {wrong[:3] or sorted(tops)[:3]}")
    return tops.pop()


def _faults(bag: Bag, manifest: str, algorithm: str, files: Mapping[str, bytes]) -> list[str]:
    try:
        lines = bag.files[manifest].decode().splitlines()
    except (KeyError, UnicodeDecodeError):
        return [manifest]
    told = {path: digest for digest, _space, path in (line.partition("  ") for line in lines)}
    found = {path: digests(content)[algorithm] for path, content in files.items()}
    return sorted(path for path in told.keys() | found.keys() if told.get(path) != found.get(path))


def _tags(payload: Mapping[str, bytes], matter: Matter, call_number: str) -> dict[str, bytes]:
    tags = {"bagit.txt": DECLARATION.encode(), "bag-info.txt": _info(payload.values(), matter, call_number).encode()}
    tags |= {f"manifest-{algorithm}.txt": _manifest(payload, algorithm) for algorithm in ALGORITHMS}
    return tags | {f"tagmanifest-{algorithm}.txt": _manifest(tags, algorithm) for algorithm in ALGORITHMS}


def _manifest(files: Mapping[str, bytes], algorithm: str) -> bytes:
    return "".join(f"{digests(content)[algorithm]}  {path}\n" for path, content in sorted(files.items())).encode()


def _info(contents: Iterable[bytes], matter: Matter, call_number: str) -> str:
    sizes = [len(content) for content in contents]
    facts = {
        "Source-Organization": matter.office,
        "External-Identifier": call_number,
        "Internal-Sender-Identifier": matter.number,
        "External-Description": matter.title,
        "Bagging-Date": matter.closed_at.astimezone(dt.UTC).date().isoformat(),
        "Payload-Oxum": f"{sum(sizes)}.{len(sizes)}",
    }
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in facts.items() if value.strip())


def _readme(matter: Matter, call_number: str) -> str:
    folders = "".join(f"{name}/\n" for name in PARTS.values())
    return (
        f"档号：{call_number}\n办件编号：{matter.number}\n题名：{matter.title}\n归档单位：{matter.office}\n\n"
        f"本归档信息包由以下部分组成：\n{folders}元数据.xml（文件、业务、责任者及其关系）\n四性检测报告.json（归档前的检测结果）\n"
        "完整性可按 RFC 8493（BagIt）以 manifest-sha256.txt 或 manifest-sm3.txt 核验。\n"
    )
