"""`onecity up` as a person runs it: start, stop with Ctrl-C, start again, and clear words when something is in the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.conftest import free_block

from onecity.project import sample_district
from onecity.project.stack.platform import Platform

pytestmark = pytest.mark.stack


def environment(home: Path) -> dict[str, str]:
    port, nats, mqtt = free_block()
    values = {"ONECITY_HOME": str(home), "PORT": str(port)}
    values |= {"ONECITY_NATS_PORT": str(nats), "ONECITY_MQTT_PORT": str(mqtt), "ONECITY_LANG": "en"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONECITY_")}
    return kept | values


def system_of(platform: Platform) -> dict[str, str]:
    return platform.child_env("system") | {"ONECITY_LANG": "en"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "onecity.project.cli", *arguments]


@contextmanager
def running(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("up", "--no-simulate", *arguments),
        env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def first_page(env: dict[str, str], process: subprocess.Popen[str], seconds: float = 90.0) -> httpx.Response:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(f"http://127.0.0.1:{env['PORT']}/", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
    output = process.communicate(timeout=30)[0] if process.poll() is not None else ""
    pytest.fail(f"no page: {output}")


def processes_of(home: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environ = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if f"ONECITY_HOME={home}\0".encode() in environ and state != "Z":
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_it_starts_stops_with_ctrl_c_and_starts_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = environment(home)
    with running(env) as process:
        assert first_page(env, process).status_code == 200
        # a stream that is cut off instead of ended raises here
        with httpx.stream("GET", f"http://127.0.0.1:{env['PORT']}/live", timeout=60) as live:
            frames = live.iter_lines()
            assert next(frames).startswith("retry")
            process.send_signal(signal.SIGINT)
            assert list(frames)[-1:] != []
        output = process.communicate(timeout=60)[0]
        assert process.returncode == 0, output
    assert "Demonstration mode" in output
    assert "Stopped." in output
    assert "Traceback" not in output
    assert processes_of(home) == []
    with running(env) as process:
        assert first_page(env, process).status_code == 200
        second = subprocess.run(command("up"), env=env, text=True, capture_output=True, timeout=60, check=False)
        assert second.returncode == 1
        assert f"already runs in {home}" in " ".join(second.stderr.split())
        assert "Traceback" not in second.stderr
        assert httpx.get(f"http://127.0.0.1:{env['PORT']}/", timeout=10).status_code == 200


def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    env = environment(tmp_path / "home")
    with socket.create_server(("127.0.0.1", int(env["PORT"]))):
        done = subprocess.run(command("up"), env=env, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"Port {env['PORT']} is in use by another program" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr + done.stdout


def test_after_a_kill_nothing_is_left_and_it_starts_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = environment(home)
    with running(env) as process:
        assert first_page(env, process).status_code == 200
        process.kill()
        process.communicate(timeout=30)
    deadline = time.monotonic() + 40
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(home) == []
    with running(env) as process:
        assert first_page(env, process).status_code == 200


def test_production_lists_everything_that_is_missing(tmp_path: Path) -> None:
    env = environment(tmp_path / "home")
    done = subprocess.run(
        command("up", "--production"), env=env, text=True, capture_output=True, timeout=60, check=False
    )
    text = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert "ONECITY_BASE_URL must be the https:// address" in text
    assert "ONECITY_HOSTS must name the host names" in text
    assert "Traceback" not in text


def test_production_refuses_a_demonstration_and_its_accounts(platform: Platform) -> None:
    env = system_of(platform) | {"ONECITY_BASE_URL": "https://city.example", "ONECITY_HOSTS": "city.example"}
    done = subprocess.run(
        command("up", "--production"), env=env, text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "was used for a demonstration" in " ".join(done.stderr.split())


def test_the_doctor_finds_a_running_platform_well(platform: Platform) -> None:
    done = subprocess.run(
        command("doctor"), env=system_of(platform), text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "onecity_app is bound by row-level security" in done.stdout
    assert f"{sample_district.NAME} ({sample_district.ADCODE})" in done.stdout


def test_the_trail_of_a_running_platform_is_whole(platform: Platform) -> None:
    done = subprocess.run(
        command("audit", "verify"),
        env=system_of(platform),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every chain is whole" in done.stdout


def test_the_first_administrator_of_a_real_installation_can_sign_in(platform: Platform) -> None:
    env = platform.child_env("system") | {"ONECITY_ADMINISTRATOR_PASSWORD": "ein-langes-Kennwort-9"}
    made = command("administrator", "li.wei", "--name", "李伟")
    done = subprocess.run(made, env=env, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with httpx.Client(base_url=platform.env.base_url, timeout=20, follow_redirects=True) as client:
        client.get("/accounts/login/")
        form = {
            "login": "li.wei",
            "password": "ein-langes-Kennwort-9",
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        }
        answer = client.post(
            "/accounts/login/", data=form, headers={"Referer": f"{platform.env.base_url}/accounts/login/"}
        )
        assert answer.status_code == 200
        assert "李伟" in answer.text
    again = subprocess.run(made, env=env, text=True, capture_output=True, timeout=60, check=False)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
