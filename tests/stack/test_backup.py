"""A backup of a running platform, brought back after everything was lost, is the same platform."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import free_block

from onecity.project import environment
from onecity.project.stack.platform import Options, Platform
from onecity.project.stack.postgres import Postgres

pytestmark = pytest.mark.stack

COUNTS = "SELECT (SELECT count(*) FROM people_account), (SELECT count(*) FROM places_division), (SELECT count(*) FROM access_auditevent)"
POLICIES = "SELECT count(*) FROM pg_policies"
RIGHTS = "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'onecity_app'"


def facts(server: Postgres) -> list[tuple[object, ...]]:
    with server.connect() as connection:
        return [connection.execute(query).fetchone() or () for query in (COUNTS, POLICIES, RIGHTS)]


def onecity(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onecity.project.cli", *arguments],
        env=platform.child_env("system") | {"ONECITY_LANG": "en"}, text=True, capture_output=True, timeout=240, check=False,
    )  # fmt: skip


def elsewhere(home: Path) -> Platform:
    port, nats, mqtt = free_block()
    values = {
        "ONECITY_HOME": str(home),
        "PORT": str(port),
        "ONECITY_NATS_PORT": str(nats),
        "ONECITY_MQTT_PORT": str(mqtt),
    }
    return Platform(environment.read(values), Options())


def test_a_backup_is_restored_whole_into_an_empty_folder(platform: Platform, tmp_path: Path) -> None:
    archive = tmp_path / "city.tar"
    saved = onecity(platform, "backup", str(archive))
    assert saved.returncode == 0, saved.stderr
    assert archive.stat().st_mode & 0o077 == 0
    before = facts(Postgres(platform.env.home))
    other = elsewhere(tmp_path / "other")
    restored = onecity(other, "restore", str(archive), "--yes")
    assert restored.returncode == 0, restored.stderr + restored.stdout
    server = Postgres(other.env.home)
    process = server.start()
    try:
        assert facts(server) == before
    finally:
        server.stop(process)


def test_a_running_platform_is_not_overwritten(platform: Platform, tmp_path: Path) -> None:
    archive = tmp_path / "city.tar"
    assert onecity(platform, "backup", str(archive)).returncode == 0
    before = facts(Postgres(platform.env.home))
    refused = onecity(platform, "restore", str(archive), "--yes")
    assert refused.returncode == 1
    assert "already runs in" in " ".join(refused.stderr.split())
    assert facts(Postgres(platform.env.home)) == before


def test_what_is_no_archive_changes_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "photo.jpg"
    wrong.write_bytes(b"\xff\xd8\xff\xe0 no archive")
    other = elsewhere(tmp_path / "other")
    refused = onecity(other, "restore", str(wrong), "--yes")
    assert refused.returncode == 1
    assert "is no archive of OneCity; nothing was changed" in " ".join(refused.stderr.split())
    assert not (other.env.home / "postgres").exists()
