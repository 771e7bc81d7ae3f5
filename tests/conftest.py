"""The whole platform as processes, once for all tests that need it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from onecity.project import environment, sample_district
from onecity.project.stack.platform import Options, Platform, free_ports


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
    """Three free ports; the one after the last is free too (the broker's monitor)."""
    while True:
        port, nats, mqtt = free_ports(3)
        if mqtt + 1 not in {port, nats}:
            return port, nats, mqtt


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
