"""A decision table is proved and tried from the command line, in words."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from onecity.kernel.rules.decisions import dmn
from onecity.kernel.rules.decisions.tests.test_decisions import allowance, two
from onecity.project.cli.decisions import decision_app


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(decision_app, list(arguments), standalone_mode=False)
    return done.return_value if done.exception is None else 2, " ".join(done.output.split())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "allowance.dmn"
    path.write_bytes(dmn.write(allowance()))
    return path


def test_a_sound_table_is_proved_and_decides_with_its_reason(file: Path) -> None:
    code, said = run("check", str(file))
    assert (code, "5" in said) == (0, True)
    code, said = run("run", str(file), '{"age": 72, "household": "本市"}')
    assert code == 0
    assert "amount = 150" in said
    assert "70 至 79 岁" in said


def test_what_is_wrong_is_shown_with_an_example(file: Path) -> None:
    file.write_bytes(dmn.write(two("UNIQUE")))
    code, said = run("check", str(file))
    assert (code, "1, 2" in said, "x = " in said) == (1, True, True)
    assert run("run", str(file), '{"x": 9}')[0] == 1
    assert run("run", str(file), "{}")[0] == 1
    assert run("run", str(file), "nonsense")[0] == 2
