"""Starting child processes so that they never outlive us and never run with more rights than they need."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
SERVICE_USER = "onecity"
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Owner:
    """The system user under which a server runs that refuses to run as root; empty when we are not root."""

    uid: int | None = None
    gid: int | None = None


def service_owner() -> Owner:
    """Who shall run PostgreSQL: ourselves, or as root a user of its own (made when missing, else `nobody`)."""
    if os.geteuid() != 0:
        return Owner()
    try:
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        if useradd := shutil.which("useradd"):
            subprocess.run([useradd, "--system", "--no-create-home", SERVICE_USER], check=False, capture_output=True)
        names = {user.pw_name for user in pwd.getpwall()}
        entry = pwd.getpwnam(SERVICE_USER if SERVICE_USER in names else "nobody")
    return Owner(entry.pw_uid, entry.pw_gid)


def make_reachable(path: Path) -> None:
    """Let the service user pass through (not read) the folders above `path`; only as root, only our own folders."""
    if os.geteuid() != 0:
        return
    for folder in [path, *path.parents]:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)


def start(
    command: Sequence[str],
    *,
    log: Path,
    owner: Owner | None = None,
    env: Mapping[str, str] | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, its output appended to `log`; it gets `death_signal` if we die."""
    log.parent.mkdir(parents=True, exist_ok=True)
    who = owner or Owner()
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            user=who.uid,
            group=who.gid,
            extra_groups=[] if who.uid is not None else None,
            start_new_session=True,
            # a child must not outlive a killed parent; there is no other way to ask the kernel for that
            preexec_fn=lambda: die_with_parent(death_signal),  # noqa: PLW1509 - one call, safe before exec
        )


def die_with_parent(death_signal: int = signal.SIGTERM) -> None:
    """Ask the system to send this process `death_signal` when the one that started it dies, however it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)


def stop(process: subprocess.Popen[bytes], *, how: int = signal.SIGTERM, seconds: float = 10.0) -> None:
    """Ask a process to end; after `seconds` end it without asking, and with it whatever it started."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(seconds)
    end_family(process)


def end_family(process: subprocess.Popen[bytes]) -> None:
    """End what a dead process left behind: it led a session of its own, so its children are of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
