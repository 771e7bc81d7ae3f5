"""Keeps the platform's processes running: starts them in order, starts again what dies, stops all in reverse order."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from onecity.project.language import gettext as _
from onecity.project.stack import processes

Starter = Callable[[], subprocess.Popen[bytes]]
QUICK_DEATH_S = 5.0
LONGEST_PAUSE_S = 30.0


@dataclass
class Service:
    """One process: how it starts, how it stops, and how its last starts went."""

    name: str
    start: Starter
    stop: Callable[[subprocess.Popen[bytes]], None]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    deaths: int = field(default=0)


class Supervisor:
    """Starts services in the order given; `report` is told in words what happens to them."""

    def __init__(self, services: Sequence[Service], report: Callable[[str], None]) -> None:
        self.services = list(services)
        self._report = report
        self._ending = threading.Event()

    @property
    def ending(self) -> bool:
        """Whether somebody asked for the end."""
        return self._ending.is_set()

    def launch(self, service: Service) -> None:
        """Start one service; what fails here is the caller's to tell."""
        service.process = service.start()
        service.started_at = time.monotonic()

    def run(self) -> None:
        """Watch until `end` is called; a dead service is started again, later each time it dies at once."""
        while not self._ending.wait(0.2):
            for service in self.services:
                self._watch(service)

    def end(self, *_: object) -> None:
        """Let `run` return; safe to call from a signal handler."""
        self._ending.set()

    def stop(self) -> None:
        """Stop everything in reverse order."""
        for service in reversed(self.services):
            if service.process is not None:
                service.stop(service.process)

    def catch_signals(self) -> None:
        """Ctrl-C and a service manager's TERM both end the run cleanly."""
        signal.signal(signal.SIGINT, self.end)
        signal.signal(signal.SIGTERM, self.end)

    def _watch(self, service: Service) -> None:
        if service.process is None or service.process.poll() is None:
            return
        now = time.monotonic()
        if service.not_before <= service.started_at:
            service.deaths = service.deaths + 1 if now - service.started_at < QUICK_DEATH_S else 1
            pause = min(0.2 * 2 ** (service.deaths - 1), LONGEST_PAUSE_S)
            service.not_before = now + pause
            self._report(
                _("{name} ended with code {code}; starts again in {pause:.1f} s").format(
                    name=service.name, code=service.process.returncode, pause=pause
                )
            )
        elif now >= service.not_before:
            self._relaunch(service)

    def _relaunch(self, service: Service) -> None:
        if service.process is not None:
            processes.end_family(service.process)
        try:
            self.launch(service)
        except (OSError, RuntimeError) as error:
            service.deaths += 1
            service.not_before = time.monotonic() + min(0.2 * 2**service.deaths, LONGEST_PAUSE_S)
            service.started_at = 0.0
            self._report(_("{name} could not be started: {reason}").format(name=service.name, reason=error))
