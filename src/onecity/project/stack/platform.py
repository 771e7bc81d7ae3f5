"""The whole platform as processes: what `onecity up` runs, and what tests start to see the real thing."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from onecity.project.environment import Environment
from onecity.project.language import gettext as _
from onecity.project.stack import broker, processes
from onecity.project.stack.nats import Nats
from onecity.project.stack.postgres import Postgres
from onecity.project.stack.supervisor import Service, Supervisor

Report = Callable[[str], None]


class CannotStartError(RuntimeError):
    """Something outside stands in the way; the text is one sentence for whoever started the platform."""


@dataclass(frozen=True)
class Options:
    """What to prepare and run: the district to load, whether demonstration data and the simulated district belong."""

    adcode: str = ""
    archives: Path | None = None
    demo: bool = True
    simulate: bool = True
    web_workers: int = 1
    fast_database: bool = False


class Platform:
    """All processes of one installation, started in order and kept running."""

    def __init__(self, env: Environment, options: Options, report: Report = print) -> None:
        self.env = env
        self.options = options
        self._report = report
        self._lock: TextIO | None = None
        self.supervisor = Supervisor(self._services(), report)

    def start(self) -> None:
        """Take the folder, check the ports, start servers, prepare the data, start the rest."""
        self._take_folder()
        self._check_ports()
        foundation = [s for s in self.supervisor.services if s.name in {"postgres", "nats"}]
        for service in foundation:
            self.supervisor.launch(service)
        self.prepare()
        for service in self.supervisor.services:
            if service not in foundation and not self.supervisor.ending:
                self.supervisor.launch(service)

    def stop(self) -> None:
        """Stop every process in reverse order and give the folder back."""
        self.supervisor.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def prepare(self) -> None:
        """Bring schema, district and demonstration data up to date; nothing is done twice."""
        command = [sys.executable, "-m", "onecity.project.cli", "prepare"]
        command += ["--adcode", self.options.adcode] if self.options.adcode else []
        command += ["--archives", str(self.options.archives)] if self.options.archives else []
        command += ["--demo"] if self.options.demo else []
        process = subprocess.Popen(command, env=self.child_env("owner"), start_new_session=True)
        while process.poll() is None and not self.supervisor.ending:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        if process.poll() is None:
            processes.stop(process, how=signal.SIGTERM)
            return
        if process.returncode:
            raise CannotStartError(_("The database could not be prepared; the lines above say why."))

    def child_env(self, role: str) -> dict[str, str]:
        """The environment of a child process that plays `role` (web, owner, system)."""
        values = {
            "ONECITY_HOME": str(self.env.home),
            "ONECITY_PROCESS": role,
            "ONECITY_MODE": "production" if self.env.production else "demo",
            "PORT": str(self.env.port),
            "ONECITY_NATS_PORT": str(self.env.nats_port),
            "ONECITY_MQTT_PORT": str(self.env.mqtt_port),
            "ONECITY_BASE_URL": self.env.base_url,
            "ONECITY_LOG_SYNC": self.env.log_sync,
            "ONECITY_TIER": self.env.tier,
            "ONECITY_LEAF_PORT": str(self.env.leaf_port),
            "DJANGO_SETTINGS_MODULE": "onecity.project.settings",
            "PYTHONUNBUFFERED": "1",
        }
        return dict(os.environ) | values

    def service(self, name: str) -> Service:
        """The service of this name."""
        return next(s for s in self.supervisor.services if s.name == name)

    def _services(self) -> list[Service]:
        services = []
        if self.env.embedded_database:
            server = Postgres(self.env.home, fast=self.options.fast_database)
            services.append(Service("postgres", server.start, server.stop))
        if self.env.embedded_broker:
            config = broker.configuration(self.env)
            nats = Nats(self.env.home, config, broker.monitor_port(self.env))
            services.append(Service("nats", nats.start, nats.stop))
        cli = [sys.executable, "-m", "onecity.project.cli", "serve"]
        services += [self._python(name, [*cli, name]) for name in ("gateway", "pipeline")]
        services.append(self._python("web", self._web_command(), role="web"))
        names = [
            "worker",
            "notifier",
            "fieldbus",
            *(["tiers"] if self.env.tier else []),
            *(["sim"] if self.options.simulate else []),
        ]
        return services + [self._python(name, [*cli, name]) for name in names]

    def _web_command(self) -> list[str]:
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.env.port), "--workers", str(self.options.web_workers)]
        command += ["--workers-kill-timeout", "5s", "--respawn-failed-workers", "--no-ws"]
        return [*command, "onecity.project.asgi:application"]

    def _python(self, name: str, command: list[str], role: str = "system") -> Service:
        log = self.env.home / "log" / f"{name}.log"

        def start() -> subprocess.Popen[bytes]:
            return processes.start(command, log=log, env=self.child_env(role))

        return Service(name, start, processes.stop)

    def _take_folder(self) -> None:
        run = self.env.home / "run"
        run.mkdir(parents=True, exist_ok=True)
        self._lock = take_lock(run / "lock")

    def _check_ports(self) -> None:
        names = {self.env.port: "PORT"}
        if self.env.embedded_broker:
            names |= {self.env.nats_port: "ONECITY_NATS_PORT", self.env.mqtt_port: "ONECITY_MQTT_PORT"}
            names[broker.monitor_port(self.env)] = "ONECITY_MQTT_PORT"
            if self.env.websocket_port:
                names[self.env.websocket_port] = "ONECITY_WEBSOCKET_PORT"
            if self.env.tier == "district":
                names[self.env.leaf_port] = "ONECITY_LEAF_PORT"
        for port, variable in names.items():
            if not port_is_free(port):
                raise CannotStartError(
                    _(
                        "Port {port} is in use by another program; end it, or choose another one with {variable}=…."
                    ).format(port=port, variable=variable)
                )


def take_lock(path: Path) -> TextIO:
    """Hold the installation's folder; the system gives the lock back when we end, however we end."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or _("unknown")
        file.close()
        raise CannotStartError(
            _(
                "OneCity already runs in {folder} (process {number}); stop it first, or choose another ONECITY_HOME."
            ).format(folder=path.parents[1], number=holder)
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
