"""The command line speaks Chinese unless somebody asks for another language, in help, complaints and errors alike."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onecity.project import language


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "zh-hans"),
        ({"LANG": "C.UTF-8"}, "zh-hans"),
        ({"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-hans"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh-hans"),
        ({"LC_MESSAGES": "de_DE", "LANG": "zh_CN"}, "en"),
        ({"ONECITY_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"ONECITY_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh-hans"),
    ],
)
def test_the_language_follows_who_asks(env: dict[str, str], expected: str) -> None:
    assert language.chosen(env) == expected


def run(*arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {n: v for n, v in os.environ.items() if n not in {"LANG", "LC_ALL", "LC_MESSAGES", "ONECITY_LANG"}}
    return subprocess.run(
        [sys.executable, "-m", "onecity.project.cli", *arguments],
        env=kept | {"ONECITY_HOME": str(home)} | more, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "chinese", "english"),
    [
        (["backup", "--help"], 0, ["用法：onecity backup [选项]", "归档文件的保存位置", "显示本帮助。"], ["Usage: ", "Where the archive is written"]),
        (["device", "rotate", "7"], 2, ["device_id 应为标识", "用法见“onecity device rotate --help”。"], ["device_id must be an id"]),
    ],
)  # fmt: skip
def test_help_and_complaints(
    tmp_path: Path, arguments: list[str], code: int, chinese: list[str], english: list[str]
) -> None:
    for more, expected in (({}, chinese), ({"ONECITY_LANG": "en"}, english)):
        done = run(*arguments, home=tmp_path, **more)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == code, said
        assert [text for text in expected if text.replace(" ", "") not in said.replace(" ", "")] == [], said
        assert "Traceback" not in said


def test_a_wrong_setting_is_told_before_anything_starts(tmp_path: Path) -> None:
    assert "PORT 应为整数，而不是“abc”" in run("doctor", home=tmp_path, PORT="abc").stderr
    wrong = run("doctor", home=tmp_path, PORT="abc", LANG="en_US.UTF-8")
    assert (wrong.returncode, "PORT must be a whole number, not “abc”" in wrong.stderr) == (1, True)
