"""The whole platform as processes, once for all tests that need it."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from onecity.project import environment, sample_district
from onecity.project.stack.platform import Options, Platform, port_is_free


def start_platform(home: Path, *, simulate: bool = False, log_sync: str = "1s") -> tuple[Platform, threading.Thread]:
    """Start a demonstration of the made-up district in `home`; the thread watches it until `supervisor.end()`."""
    port, nats, mqtt = free_block()
    values = {
        "ONECITY_HOME": str(home),
        "PORT": str(port),
        "ONECITY_NATS_PORT": str(nats),
        "ONECITY_MQTT_PORT": str(mqtt),
        "ONECITY_LOG_SYNC": log_sync,
    }
    archives = sample_district.write_archives(home / "archives")
    options = Options(adcode=sample_district.ADCODE, archives=archives, simulate=simulate)
    platform = Platform(environment.read(values), options)
    watcher = threading.Thread(target=platform.supervisor.run, name="supervisor", daemon=True)
    try:
        platform.start()
    except BaseException:
        platform.stop()
        raise
    watcher.start()
    return platform, watcher


def free_block() -> tuple[int, int, int]:
    """Three neighbouring free ports whose next one is free too (the broker's monitor), below those the system hands out."""
    chooser = random.SystemRandom()
    while True:
        first = chooser.randrange(15_000, 32_000, 4)
        if all(port_is_free(first + step) for step in range(4)):
            return first, first + 1, first + 2


def stop_platform(platform: Platform, watcher: threading.Thread) -> None:
    platform.supervisor.end()
    watcher.join()
    platform.stop()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One running platform with the made-up district and the demonstration accounts, without simulated devices."""
    running, watcher = start_platform(tmp_path_factory.mktemp("platform"))
    yield running
    stop_platform(running, watcher)
