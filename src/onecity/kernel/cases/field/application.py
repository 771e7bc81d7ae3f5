"""The files of which the phone's application is made, and the worker that keeps them for when there is no signal."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import get_language

from onecity.kernel.cases.field import words

PAGE: Final = "/field"
TEMPLATE: Final = Path(__file__).parents[1] / "templates" / "cases" / "field" / "show.html"
WORKER: Final = "cases/field/worker.js"
MODULES: Final = (
    "case", "dom", "field", "format", "forms", "ground", "leaving", "map", "pictures", "queue", "report", "spot", "store",
    "sync", "views", "wire",
)  # fmt: skip
STYLES: Final = ("web/css/tokens.css", "web/css/base.css", "web/css/components.css", "cases/field/field.css")
FILES: Final = (*(f"cases/field/{name}.js" for name in MODULES), "web/js/words.js", *STYLES, "web/mark.svg")
LOOKS: Final = ("onecity_theme", "onecity_size")


def worker(request: HttpRequest) -> str:
    """The worker's script for this reader's language and look."""
    looks = [request.COOKIES.get(name, "") for name in LOOKS]
    said = json.dumps([get_language(), looks, words.words()], ensure_ascii=False)
    version = hashlib.sha256((_fingerprint() + said).encode()).hexdigest()[:16]
    kept = json.dumps([PAGE, *(static(name) for name in FILES)])
    return f'const VERSION = "{version}";\nconst KEPT = {kept};\n{_read(WORKER).decode()}'


@lru_cache(maxsize=1)
def _fingerprint() -> str:
    """Of everything the application is made of, so that a new release is a new worker."""
    digest = hashlib.sha256(_read(WORKER))
    for name in FILES:
        digest.update(_read(name))
    digest.update(TEMPLATE.read_bytes())
    return digest.hexdigest()


def _read(name: str) -> bytes:
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(name)
    return Path(path).read_bytes()
