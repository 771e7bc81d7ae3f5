"""`onecity domain new NAME`: writes a domain that is small, works, and passes every conformance test from the start."""

from pathlib import Path

from django.utils.translation import gettext as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.registry.domain import IDENTIFIER

SKELETON = Path(__file__).parent / "skeleton"
SUFFIX = ".txt"


def new_domain(name: str, directory: Path, *, package: str = "onecity.domains") -> Path:
    """Write the domain `name` below `directory` and return its folder.

    Raises Problem 422 for a name that is no lower-case identifier, 409 where something of that name stands already;
    then nothing was written.
    """
    if not IDENTIFIER.fullmatch(name):
        raise Problem("domain-name", _("A domain is named by a lower-case word, for example: eldercare."), status=422)
    folder = directory / name
    if folder.exists():
        raise Problem("domain-exists", _("There is already something at %(path)s.") % {"path": folder}, status=409)
    words = {
        "@name@": name,
        "@Name@": "".join(part.capitalize() for part in name.split("_")),
        "@Title@": name.replace("_", " ").capitalize(),
        "@package@": f"{package}.{name}",
    }
    for source in sorted(SKELETON.rglob(f"*{SUFFIX}")):
        target = folder / source.relative_to(SKELETON).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        for mark, word in words.items():
            text = text.replace(mark, word)
        target.write_text(text, encoding="utf-8")
    return folder
