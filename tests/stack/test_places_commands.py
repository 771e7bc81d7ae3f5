"""Trees beside the administrative one come in by command and are answered by the interface."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from onecity.project.stack.platform import Platform

pytestmark = pytest.mark.stack


def onecity(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onecity.project.cli", "places", *arguments],
        env=platform.child_env("system") | {"ONECITY_LANG": "en"}, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


def parks(file: Path, *codes: str) -> str:
    square = [[120.0, 30.0], [120.0, 30.1], [120.1, 30.1], [120.1, 30.0], [120.0, 30.0]]
    features = [
        {
            "type": "Feature",
            "properties": {"id": code, "title": f"{code}公园"},
            "geometry": {"type": "Polygon", "coordinates": [[[x + number, y] for x, y in square]]},
        }
        for number, code in enumerate(codes)
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(file)


def listed(platform: Platform, tree: str) -> list[str]:
    waits = httpx.HTTPTransport(retries=6)  # web may still be starting
    with httpx.Client(base_url=platform.env.base_url, transport=waits, timeout=20) as client:
        answer = client.get("/api/places/divisions", params={"tree": tree})
    assert answer.status_code == 200, answer.text
    return [row["path"] for row in answer.json()]


def test_parks_and_a_grid_come_in_by_command(platform: Platform, tmp_path: Path) -> None:
    file = parks(tmp_path / "parks.geojson", "a", "b")
    done = onecity(platform, "tree", file, "--name", "park", "--code", "id", "--title", "title")
    assert (done.returncode, done.stdout.strip()) == (0, "0 changed, 2 new, 0 ended, 0 kept"), done.stderr
    assert listed(platform, "park") == ["park/a/", "park/b/"]
    wrong = onecity(platform, "tree", file, "--name", "park")
    assert wrong.returncode == 1
    assert "nothing has changed" in " ".join(wrong.stderr.split())
    assert listed(platform, "park") == ["park/a/", "park/b/"]
    made = onecity(platform, "grid", "--resolution", "7")
    assert made.returncode == 0, made.stderr
    again = onecity(platform, "grid", "--resolution", "7")
    assert again.stdout.startswith("0 changed, 0 new, 0 ended"), again.stdout + again.stderr
