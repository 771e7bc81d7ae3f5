"""Streams a recorded file through the same gateway that devices use, and proves that every reading arrived."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.places import service as places
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity
from onecity.sim import recording, tally
from onecity.sim.client import GatewayClient
from onecity.sim.devices import Credentials, KeyRing
from onecity.sim.ledger import Ledger, place
from onecity.sim.profiles import PROFILES, Profile
from onecity.sim.recording import Recording

Progress = Callable[[str, float], None]

LARGEST_BATCH = 50_000
BEAT_SECONDS = 0.5
"""At a chosen speed, how often a batch goes out."""
READINGS_PER_SECOND = 5_000_000
"""What a replaying device may send: the limit of a sensor would refuse a year in a minute as a flood."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a replay; every reading of the file is either stored or in quarantine."""

    file: str
    entity_urn: str
    rows_in: int
    stored: int
    quarantined: int
    repeated: int
    seconds: float
    first: dt.datetime
    last: dt.datetime
    resumed: bool

    @property
    def exact(self) -> bool:
        """Whether rows in = rows stored + rows quarantined, but for what a broken run sent twice."""
        surplus = self.stored + self.quarantined - self.rows_in
        return 0 <= surplus <= self.repeated

    @property
    def rate(self) -> float:
        """Readings a second from the first batch to the last row in the store."""
        return self.rows_in / self.seconds if self.seconds > 0 else 0.0

    def __str__(self) -> str:
        verdict = _("every row accounted for") if self.exact else _("ROWS ARE MISSING")
        return _(
            "%(file)s → %(entity)s\n"
            "rows in %(rows)s = stored %(stored)s + quarantined %(quarantined)s: %(verdict)s\n"
            "%(rate)s rows a second, %(first)s to %(last)s"
        ) % {
            "file": self.file,
            "entity": self.entity_urn,
            "rows": f"{self.rows_in:,}",
            "stored": f"{self.stored:,}",
            "quarantined": f"{self.quarantined:,}",
            "verdict": verdict,
            "rate": f"{self.rate:,.0f}",
            "first": f"{self.first:%Y-%m-%d %H:%M}Z",
            "last": f"{self.last:%Y-%m-%d %H:%M}Z",
        }


def replay(
    path: Path,
    profile: str,
    *,
    speed: str = "max",
    base_url: str,
    shift: str = "now",
    division_path: str = "",
    time_zone: str = "",
    progress: Progress = lambda _text, _share: None,
) -> Report:
    """Replay a file by the profile of that name and wait until the last reading is stored or in quarantine.

    `speed`: seconds of the file for each second of the clock, or "max". `shift`: "now" moves times by whole weeks so
    that the last reading is as young as it can be, "original" keeps them. `division_path`: where the station is to
    stand, the district if empty. Raises Problem for an unknown profile, file, division, zone or speed.
    """
    known = _profile(profile)
    pace = _pace(speed)
    progress(_("Reading the file"), 0.0)
    read = recording.read(path, known, time_zone or known.zone or settings.TIME_ZONE)
    entity, sender = _station(path, known, _division(division_path))
    facts = (known.name, shift, entity.urn, time_zone)
    kept = Ledger.resume(settings.ONECITY_HOME, path, facts)
    if kept is not None:
        kept.repeated += LARGEST_BATCH  # the batch under way when the run broke may have arrived: it comes twice
    ledger = kept or _new_ledger(place(settings.ONECITY_HOME, path, facts), read, shift, entity, sender)
    moved = read.shifted(ledger.shift)
    started = time.monotonic()
    _send(moved, ledger, entity, sender, pace, base_url, progress)
    stored, quarantined = tally.wait_for(
        entity, sender, moved, ledger, lambda share: progress(_("Waiting for the store"), share)
    )
    progress(_("Done"), 1.0)
    ledger.complete = True
    ledger.save()
    seconds = time.monotonic() - started
    return Report(
        path.name,
        entity.urn,
        len(moved),
        stored,
        quarantined,
        ledger.repeated,
        seconds,
        moved.first,
        moved.last,
        resumed=kept is not None,
    )


def _send(
    moved: Recording,
    ledger: Ledger,
    entity: Entity,
    sender: Credentials,
    pace: float,
    base_url: str,
    progress: Progress,
) -> None:
    started = time.monotonic()
    with GatewayClient(base_url) as client:
        for start, end, due in _batches(moved, ledger.sent, pace):
            time.sleep(max(0.0, started + due - time.monotonic()))
            body = recording.ndjson(moved.frame[start:end], entity.urn)
            answer = client.send(body, sender, f"{ledger.path.stem}/{ledger.run}/{start}-{end}")
            ledger.accepted += answer.accepted
            ledger.refused += answer.quarantined
            ledger.sent = end
            ledger.save()
            progress(
                _("%(sent)s of %(all)s rows sent") % {"sent": f"{end:,}", "all": f"{len(moved):,}"}, end / len(moved)
            )


def _batches(moved: Recording, begin: int, pace: float) -> Iterator[tuple[int, int, float]]:
    """Batches in order of time as (from, to, seconds after the start at which it is due)."""
    count = len(moved)
    if pace == 0.0:
        yield from ((at, min(at + LARGEST_BATCH, count), 0.0) for at in range(begin, count, LARGEST_BATCH))
        return
    times = moved.frame["ms"].forward_fill().fill_null(strategy="backward").to_numpy() / 1000.0
    beat = pace * BEAT_SECONDS
    position, due = begin, 0.0
    while position < count:
        clock = times[position]
        end = int(np.searchsorted(times, clock + beat, side="left"))
        for at in range(position, end, LARGEST_BATCH):
            yield at, min(at + LARGEST_BATCH, end), due
        position = end
        if end < count:
            due += max(BEAT_SECONDS, float(times[end] - clock) / pace)


def _new_ledger(path: Path, read: Recording, shift: str, entity: Entity, sender: Credentials) -> Ledger:
    if shift not in ("now", "original"):
        raise Problem("replay-shift", _("Times are shifted to “now” or kept as “original”."), status=422)
    by = recording.weeks_until(read.last, now()) if shift == "now" else dt.timedelta(0)
    moved = read.shifted(by)
    ledger = Ledger(path, int(by.total_seconds()))
    ledger.stored_before, ledger.quarantined_before = tally.count(entity, sender, moved)
    ledger.save()
    return ledger


def _station(path: Path, profile: Profile, division_path: str) -> tuple[Entity, Credentials]:
    station = path.name.removesuffix(".gz").removesuffix(".csv")
    key = f"{profile.name}-{station}" if station != profile.name else station
    ring = KeyRing(settings.ONECITY_HOME)
    sender = ring.credentials(f"replay {key}", division_path, READINGS_PER_SECOND)
    entity = twin.upsert_entity(
        type=profile.entity_type,
        key=key,
        name=f"{station} ({profile.place})",
        division_path=division_path,
        properties={
            "recorded": True,
            "place": profile.place,
            "source": profile.source,
            "licence": profile.licence,
            "sampling_minutes": profile.minutes,
            **profile.properties,
        },
        device_id=sender.device_id,
        public=False,
    )
    return entity, sender


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise Problem(
            "replay-profile",
            _("There is no profile “%(name)s”; there are %(known)s.") % {"name": name, "known": ", ".join(PROFILES)},
            status=422,
        )
    return PROFILES[name]


def _pace(speed: str) -> float:
    if speed == "max":
        return 0.0
    try:
        pace = float(speed)
    except ValueError:
        pace = -1.0
    if not 0 < pace < float("inf"):
        raise Problem("replay-speed", _("The speed is “max” or a number above zero, for example 3600."), status=422)
    return pace


def _division(path: str) -> str:
    division = places.by_path(path) if path else places.root()
    if division is None:
        raise Problem(
            "replay-division", _("There is no such division; load a district first with “onecity init”."), status=422
        )
    return str(division.path)
