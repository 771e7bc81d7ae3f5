"""The database's cache follows from the machine's memory, within bounds."""

import pytest

from onecity.project.stack.postgres import MEGABYTE, sized


@pytest.mark.parametrize(
    ("memory_mb", "processors", "cache", "split"),
    [(512, 1, "128MB", "0"), (4096, 2, "512MB", "0"), (24576, 2, "2048MB", "0"), (8192, 8, "1024MB", None)],
)
def test_settings_follow_from_the_machine(memory_mb: int, processors: int, cache: str, split: str | None) -> None:
    found = sized(memory_mb * MEGABYTE, processors)
    assert found["shared_buffers"] == cache
    assert found.get("max_parallel_workers_per_gather") == split
