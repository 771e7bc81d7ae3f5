"""NATS started from its wheel: durable log and MQTT listener on loopback, configured by the package that uses it."""

import signal
import subprocess
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from onecity.project.language import gettext as _
from onecity.project.stack import processes

BINARY = Path(sysconfig.get_path("scripts")) / "nats-server"


@dataclass(frozen=True)
class Nats:
    """One embedded broker; `config` is the whole text of its configuration file."""

    home: Path
    config: str
    monitor_port: int

    @property
    def log(self) -> Path:
        """Where the broker writes what happens to it."""
        return self.home / "log" / "nats.log"

    def start(self) -> subprocess.Popen[bytes]:
        """Write the configuration, start, wait until the broker says it is well."""
        file = self.home / "secrets" / "nats.conf"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        file.write_text(self.config)
        process = processes.start([str(BINARY), "-c", str(file)], log=self.log)
        self._wait(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Let the broker write everything down and end."""
        processes.stop(process, how=signal.SIGTERM, seconds=20)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if process.poll() is not None:
                tail = self.log.read_text(errors="replace").splitlines()[-3:]
                raise RuntimeError(
                    _("NATS did not start: {reason} (see {log})").format(reason=" / ".join(tail), log=self.log)
                )
            try:
                if httpx.get(f"http://127.0.0.1:{self.monitor_port}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise RuntimeError(_("NATS gave no answer within 30 s"))
