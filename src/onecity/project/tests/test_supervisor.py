"""The supervisor starts in order, starts again what dies, and stops in reverse order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from onecity.project.stack import processes
from onecity.project.stack.platform import CannotStartError, port_is_free, take_lock
from onecity.project.stack.supervisor import Service, Supervisor

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def sleeper(folder: Path, name: str, stopped: list[str]) -> Service:
    def stop(process: subprocess.Popen[bytes]) -> None:
        stopped.append(name)
        processes.stop(process)

    return Service(name, lambda: processes.start(SLEEPER, log=folder / f"{name}.log"), stop)


def test_a_killed_service_is_started_again_and_all_stop_in_reverse_order(tmp_path: Path) -> None:
    stopped: list[str] = []
    told: list[str] = []
    supervisor = Supervisor([sleeper(tmp_path, "first", stopped), sleeper(tmp_path, "second", stopped)], told.append)
    for service in supervisor.services:
        supervisor.launch(service)
    victim = supervisor.services[0].process
    assert victim is not None

    def kill_and_wait() -> None:
        try:
            os.kill(victim.pid, signal.SIGKILL)
            until(lambda: supervisor.services[0].process is not victim)
        finally:
            supervisor.end()

    # the watching thread is the parent of what it starts again, so it is the main one here as in `onecity up`
    killer = threading.Thread(target=kill_and_wait)
    killer.start()
    supervisor.run()
    killer.join()
    supervisor.stop()
    assert told == ["first ended with code -9; starts again in 0.2 s"]
    assert stopped == ["second", "first"]
    assert all(s.process is not None and s.process.poll() is not None for s in supervisor.services)


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from onecity.project.stack import processes;"
        f"p = processes.start({SLEEPER!r}, log=Path({str(tmp_path / 'log')!r})); print(p.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])


def test_the_folder_belongs_to_one_and_says_to_whom(tmp_path: Path) -> None:
    path = tmp_path / "run" / "lock"
    path.parent.mkdir()
    with (
        take_lock(path),
        pytest.raises(CannotStartError, match=rf"already runs in {tmp_path} \(process {os.getpid()}\)"),
    ):
        take_lock(path)
    take_lock(path).close()


def test_a_stale_lock_file_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("999999")
    take_lock(path).close()


def test_a_port_in_use_is_seen() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import socket,sys; s=socket.create_server(('127.0.0.1',0)); print(s.getsockname()[1],flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        port = int(server.stdout.readline())
        assert not port_is_free(port)
        server.communicate()
    assert port_is_free(port)
