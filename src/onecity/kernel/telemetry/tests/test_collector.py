"""Messages of many devices taken together: each judged as its sender's own, floods kept from the others."""

import json

import numpy as np

from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.collector import FLOOD_SAMPLE, Collector
from onecity.kernel.telemetry.logic.bucket import BURST_SECONDS
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.tests.sample import SECOND, T0, catalogue, known_device, two_stations


def message(entity: str = "a", at: int = 0, **values: float) -> bytes:
    values = values or {"pm2_5": 1.0}
    return json.dumps({"entity": entity, "observed_at": T0 // SECOND + at, "values": values}).encode()


def collect(
    *messages: tuple[str, bytes], known: Catalogue | None = None, collector: Collector | None = None, now: int = T0
) -> tuple[list[tuple[int, int]], list[tuple[str, str, int]], dict[str, int]]:
    batch, refusals, floods = (collector or Collector()).collect(known or two_stations(), messages, now)
    rows = sorted(zip(batch.series_id.tolist(), batch.observed_at.tolist(), strict=True))
    return rows, [(r.device, r.reason, r.readings) for r in sorted(refusals.finish(), key=lambda r: r.device)], floods


def test_messages_of_several_devices_in_all_their_forms() -> None:
    pretty = json.dumps(json.loads(message("a", 1)), indent=2).encode()
    array = b"[" + message("b", 2) + b",\n" + message("b", 3) + b"]"
    two_lines = message("a", 4) + b"\n" + message("a", 5)
    found = collect(("d1", message(pm2_5=1, pm10=2)), ("d1", pretty), ("d2", array), ("d1", two_lines))
    s = SECOND
    assert found == (
        [(1, T0), (1, T0 + s), (1, T0 + 4 * s), (1, T0 + 5 * s), (2, T0), (3, T0 + 2 * s), (3, T0 + 3 * s)], [], {},
    )  # fmt: skip


def test_one_sender_in_anothers_name_is_refused() -> None:
    rows, refused, _floods = collect(("d2", message("a")), ("d1", message("a", 1)))
    assert rows == [(1, T0 + SECOND)]
    assert refused == [("d2", "not_yours", 1)]


def test_strangers_and_revoked_devices_are_not_read() -> None:
    known = catalogue([(1, "a", "AirStation", "pm2_5", "d1")], [known_device(0, "d1", active=False)])
    rows, refused, _floods = collect(("d1", message()), ("dx", message()), known=known)
    assert rows == []
    assert refused == [("d1", "unknown_device", 1), ("dx", "unknown_device", 1)]


def test_empty_and_oversized_messages() -> None:
    rows, refused, _floods = collect(("d1", b""), ("d1", b"  \n "), ("d2", b" " * 10 + b"x" * 300_000))
    assert rows == []
    # what is too long for one refusal goes on in a second, which counts no reading
    assert refused == [("d1", "malformed", 2), ("d2", "too_large", 1), ("d2", "too_large", 0)]


def small(rate: int) -> Catalogue:
    rows = [(1, "a", "AirStation", "pm2_5", "d1"), (3, "b", "AirStation", "pm2_5", "d2")]
    return catalogue(rows, [known_device(0, "d1", rate=rate), known_device(1, "d2")])


def test_a_flood_is_cut_off_counted_and_harms_nobody_else() -> None:
    known, collector = small(2), Collector()
    allowance = int(2 * BURST_SECONDS)
    flood = [("d1", message("a", n)) for n in range(1000)]
    rows, refused, floods = collect(*flood, ("d2", message("b")), known=known, collector=collector)
    assert len([row for row in rows if row[0] == 1]) == allowance
    assert (3, T0) in rows
    assert refused == [("d1", "flood", 1000 - allowance)]
    assert floods == {"d1": 1000 - allowance}
    # five seconds later ten more pass, in the order in which they come
    rows, refused, _floods = collect(*flood[:20], known=known, collector=collector, now=T0 + 5 * SECOND)
    assert rows == [(1, T0 + n * SECOND) for n in range(10)]
    assert refused == [("d1", "flood", 10)]


def test_of_a_flood_only_a_sample_is_kept() -> None:
    collector, known = Collector(), small(1)
    collector.collect(known, [("d1", message("a", n)) for n in range(30)], T0)
    _batch, refusals, _floods = collector.collect(known, [("d1", message("a", n)) for n in range(5000)], T0)
    flood = refusals.finish()[0]
    assert (flood.readings, flood.kept) == (5000, FLOOD_SAMPLE)


def test_a_batch_in_one_message_counts_reading_by_reading() -> None:
    known = small(1)
    many = b"[" + b",".join(message("a", n) for n in range(100)) + b"]"
    rows, refused, _floods = collect(("d1", many), known=known)
    assert len(rows) == BURST_SECONDS
    assert refused == [("d1", "flood", 100 - BURST_SECONDS)]


def test_nothing_collected_is_nothing() -> None:
    batch, refusals, floods = Collector().collect(two_stations(), [], T0)
    assert (len(batch), refusals.readings, floods) == (0, 0, {})
    assert np.array_equal(batch.series_id, Batch.empty().series_id)
