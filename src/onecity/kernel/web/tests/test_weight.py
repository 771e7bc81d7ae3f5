"""What the first page costs whoever opens it on a slow line."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

LIMIT = 100_000
MODULE = re.compile(r"""(?:from|import\()\s*["']onecity/([\w.-]+)["']""")


@pytest.mark.django_db
def test_own_scripts_and_styles_of_the_first_page_stay_below_100_kilobytes(client: Client) -> None:
    page = client.get("/").content.decode()
    first = set(re.findall(r'(?:href|src)="/static/(web/[^"]+\.(?:css|js))"', page))
    assert "web/js/shell.js" in first
    loaded: set[str] = set()
    waiting = {*first, "web/js/keys.js", "web/js/countdown.js", "web/js/live.js"}
    while waiting:
        name = waiting.pop()
        loaded.add(name)
        if name.endswith(".js") and name != "web/js/shell.js":
            waiting |= {f"web/js/{other}" for other in MODULE.findall(read(name))} - loaded
    assert "web/js/chart.js" not in loaded
    assert sum(len(read(name).encode()) for name in loaded) < LIMIT


def read(name: str) -> str:
    path = finders.find(name)
    assert isinstance(path, str), name
    return Path(path).read_text(encoding="utf-8")
