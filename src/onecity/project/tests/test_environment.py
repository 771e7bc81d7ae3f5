"""The surroundings are read once, and what is wrong in them is named."""

import stat
from pathlib import Path

import pytest

from onecity.project import environment, secrets


def test_ports_follow_the_web_port() -> None:
    env = environment.read({"PORT": "9100"})
    assert (env.port, env.nats_port, env.mqtt_port) == (9100, 9101, 9102)
    assert env.base_url == "http://127.0.0.1:9100"


def test_a_wrong_number_is_named() -> None:
    with pytest.raises(ValueError, match="PORT must be a whole number, not “eighty”"):
        environment.read({"PORT": "eighty"})


def test_passwords_in_addresses_are_not_shown() -> None:
    env = environment.read({"ONECITY_DATABASE_URL": "postgresql://a:geheim@h/n"})
    assert "geheim" not in repr(env)


def test_a_database_address_becomes_what_django_names_it() -> None:
    found = environment.parse_database_url("postgresql://us%40er:p%2Fw@db.example:6432/city?sslmode=require")
    assert found == {
        "NAME": "city", "USER": "us@er", "PASSWORD": "p/w", "HOST": "db.example", "PORT": "6432",
        "OPTIONS": {"sslmode": "require"},
    }  # fmt: skip


@pytest.mark.parametrize("url", ["mysql://h/n", "postgresql://h", "city"])
def test_what_is_no_database_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must look like postgresql://"):
        environment.parse_database_url(url)


def test_each_process_plays_its_role(tmp_path: Path) -> None:
    roles = {
        process: environment.database(
            environment.read({"ONECITY_HOME": str(tmp_path), "ONECITY_PROCESS": process}), tmp_path
        )["USER"]
        for process in ("web", "owner", "system")
    }
    assert roles == {"web": "onecity_app", "owner": "onecity_owner", "system": "onecity_system"}


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = secrets.text(tmp_path, "django")
    assert secrets.text(tmp_path, "django") == first
    assert len(first) >= 43
    file = tmp_path / "secrets" / "django"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [p.name for p in file.parent.iterdir()] == ["django"]


def test_the_signing_key_is_a_private_key(tmp_path: Path) -> None:
    assert secrets.rsa_key(tmp_path, "oidc").startswith("-----BEGIN PRIVATE KEY-----")
