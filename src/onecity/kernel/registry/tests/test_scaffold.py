"""A scaffolded domain is whole: it conforms, imports, keeps to the linters, and its own tests pass."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

from onecity.kernel.core.errors import Problem
from onecity.kernel.registry import conformance
from onecity.kernel.registry.domain import Domain
from onecity.kernel.registry.registry import Registry
from onecity.kernel.registry.scaffold import new_domain


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "scaffolded").mkdir()
    yield new_domain("bee_keeping", tmp_path / "scaffolded", package="scaffolded")
    for name in [name for name in sys.modules if name.split(".")[0] == "scaffolded"]:
        del sys.modules[name]


def manifest(made: Path) -> Domain:
    domain = import_module(f"scaffolded.{made.name}.domain").DOMAIN
    assert isinstance(domain, Domain)
    return domain


def chinese(made: Path) -> conformance.Translate:
    with (made / "locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        catalogue = read_po(file)

    def translate(text: object) -> str:
        with translation.override("en"):
            message = catalogue.get(str(text))
        return str(message.string) if message is not None else ""

    return translate


def test_it_conforms_and_is_taken_in(made: Path) -> None:
    domain = manifest(made)
    assert conformance.faults(domain, made, chinese(made)) == []
    registry = Registry()
    registry.register(domain)
    registry.freeze()
    assert (domain.name, domain.entity_types[0].name) == ("bee_keeping", "BeeKeepingSensor")


@pytest.mark.parametrize("command", [["check", "--exclude", "tests"], ["format", "--check"]])
def test_the_linters_are_content(made: Path, command: list[str]) -> None:
    settings = ["--config", str(Path(__file__).parents[5] / "pyproject.toml")]
    ruff = [sys.executable, "-m", "ruff", *command, *settings, str(made)]
    ran = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_its_own_tests_pass(made: Path) -> None:
    import_module(f"scaffolded.{made.name}.tests.test_heat").test_only_what_is_above_the_limit_counts()


def test_a_fault_is_found(made: Path) -> None:
    (made / "README.md").unlink()
    (made / "logic" / "leak.py").write_text('"""Leaks."""\n\nfrom django.db import connection\n', encoding="utf-8")
    assert conformance.faults(manifest(made), made, lambda _text: "") == [
        "bee_keeping: the text 'Bee keeping' has no Chinese translation",
        "bee_keeping: the text 'A new domain: say here what it is for.' has no Chinese translation",
        "bee_keeping: the text 'Sensor' has no Chinese translation",
        "bee_keeping: the text 'Temperature' has no Chinese translation",
        "bee_keeping: the text 'Too hot' has no Chinese translation",
        "bee_keeping: the text 'The temperature has stayed above the limit for ten minutes.' has no Chinese translation",
        "bee_keeping: the text 'Check on site' has no Chinese translation",
        "bee_keeping: the text 'A sensor reports a value that needs somebody to look.' has no Chinese translation",
        "bee_keeping: the text 'Highest temperature' has no Chinese translation",
        "bee_keeping: the text 'Sensor' has no Chinese translation",
        "bee_keeping: README.md is missing or says nothing",
        "bee_keeping: logic/leak.py knows django.db: algorithms take arrays and know no framework",
    ]


@pytest.mark.parametrize("name", ["Bees", "bee keeping", "", "../bees"])
def test_a_bad_name_is_refused_and_nothing_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as refusal:
        new_domain(name, tmp_path)
    assert refusal.value.status == 422
    assert list(tmp_path.iterdir()) == []


def test_what_stands_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bees").mkdir()
    with pytest.raises(Problem) as refusal:
        new_domain("bees", tmp_path)
    assert refusal.value.status == 409
    assert list((tmp_path / "bees").iterdir()) == []
