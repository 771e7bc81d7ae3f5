"""Looking at the bytes again, those longest not looked at first: a bit that flipped is found, named, and told."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from onecity.kernel.access import audit
from onecity.kernel.core.clock import now
from onecity.kernel.records.archive import store
from onecity.kernel.records.archive.logic import package
from onecity.kernel.records.archive.logic.package import PackageError, digests
from onecity.kernel.records.models import ArchiveEvent, ArchivePackage, PackageState, Soundness

log = logging.getLogger(__name__)
MOST_BYTES: Final = 4 * 1024**3  # a run
ORPHAN_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Looked:
    """One package and what was found: its state, and the files within that are not as they were."""

    package: ArchivePackage
    soundness: Soundness
    changed: tuple[str, ...]


def audit_oldest(most_bytes: int = MOST_BYTES) -> list[Looked]:
    """Look at packages until so many bytes were read; returns those that are not sound."""
    rows = ArchivePackage.objects.exclude(state=PackageState.DISPOSED).order_by("looked_at")
    left, found = most_bytes, []
    for row in rows.iterator(chunk_size=200):
        if left <= 0:
            break
        left -= row.size
        looked = look(row)
        found += [looked] if looked.soundness != Soundness.SOUND else []
    return found


def look(row: ArchivePackage) -> Looked:
    """Read one package and compare; what changed since the last look becomes an event."""
    content = store.raw(row.sha256)
    state, changed = _judged(row, content)
    with transaction.atomic():
        before = ArchivePackage.objects.select_for_update().values_list("soundness", flat=True).get(id=row.id)
        ArchivePackage.objects.filter(id=row.id).update(soundness=state, looked_at=now())
        if before != state:
            ArchiveEvent.objects.create(package=row, what=f"found_{state}", detail={"files": list(changed)})
            audit.record(
                f"archive.found_{state}", actor_id=None, object_type="archived_matter", object_id=row.id,
                division_path=row.division_path, detail={"files": list(changed)},
            )  # fmt: skip
            log.log(
                logging.INFO if state == Soundness.SOUND else logging.ERROR, "archive: %s is %s", row.call_number, state
            )
    return Looked(row, state, changed)


def _judged(row: ArchivePackage, content: bytes | None) -> tuple[Soundness, tuple[str, ...]]:
    if content is None:
        return Soundness.MISSING, ()
    if digests(content) == {"sha256": row.sha256, "sm3": row.sm3}:
        return Soundness.SOUND, ()
    try:
        return Soundness.DAMAGED, tuple(package.manifest_faults(package.read(content)))
    except PackageError as error:
        return Soundness.DAMAGED, (str(error)[:300],)


def remove_orphans() -> int:
    """Remove files that no row names, left by a crash between disk and database; young ones may still get their row."""
    before = now().timestamp() - ORPHAN_SECONDS
    old = [path for path in store.lying() if path.stat().st_mtime < before]
    known = _known([path.stem for path in old])
    for path in old:
        if path.stem not in known:
            path.unlink(missing_ok=True)
    return sum(path.stem not in known for path in old)


def _known(digests_of_files: Sequence[str]) -> set[str]:
    kept = ArchivePackage.objects.exclude(state=PackageState.DISPOSED).filter(sha256__in=digests_of_files)
    return set(kept.values_list("sha256", flat=True))
