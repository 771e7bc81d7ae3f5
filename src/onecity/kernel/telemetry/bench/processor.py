"""Processor time of the platform's parts: where the cost of a reading lies, whatever else the machine is doing."""

import os
from collections.abc import Iterator
from pathlib import Path

PARTS = (
    ("serve pipeline", "pipeline"),
    ("serve gateway", "gateway"),
    ("serve worker", "worker"),
    ("granian", "web"),
    ("nats-server", "broker"),
    ("postgres", "database"),
    ("bench.measure", "generator"),
)
TICKS = os.sysconf("SC_CLK_TCK")


def seconds(root: int) -> dict[str, float]:
    """Processor seconds so far of each part among the descendants of process `root`, and of this process."""
    spent = dict.fromkeys((part for _mark, part in PARTS), 0.0)
    parents, processes = _table()
    family = {root, os.getpid()}
    for pid in sorted(processes):
        if parents[pid] in family or pid in family:
            family.add(pid)
            for mark, part in PARTS:
                if mark in processes[pid][0]:
                    spent[part] += processes[pid][1]
                    break
    return spent


def difference(after: dict[str, float], before: dict[str, float], readings: int) -> dict[str, float]:
    """Processor microseconds a reading by part, between two looks."""
    return {part: round((after[part] - before[part]) / readings * 1e6, 3) for part in after}


def _table() -> tuple[dict[int, int], dict[int, tuple[str, float]]]:
    parents: dict[int, int] = {}
    processes: dict[int, tuple[str, float]] = {}
    for pid, command, fields in _processes():
        parents[pid] = int(fields[1])
        processes[pid] = (command, sum(int(fields[number]) for number in (11, 12)) / TICKS)
    return parents, processes


def _processes() -> Iterator[tuple[int, str, list[str]]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        yield int(folder.name), command, fields
