"""What production refuses: demonstration accounts, secrets that others may know, and plain HTTP."""

import stat
from dataclasses import replace

from onecity.kernel.people import demo
from onecity.project import secrets
from onecity.project.environment import Environment
from onecity.project.language import gettext as _


def demand(env: Environment) -> Environment:
    """The environment in production mode; RuntimeError lists everything that must be mended first."""
    faults = []
    if not env.base_url.startswith("https://"):
        faults.append(_("ONECITY_BASE_URL must be the https:// address under which a TLS proxy serves this platform"))
    if not env.public_hosts:
        faults.append(_("ONECITY_HOSTS must name the host names that residents and staff use, separated by commas"))
    faults += _loose_secrets(env)
    if faults:
        raise RuntimeError("\n  - ".join([_("Production mode refuses to start:"), *faults]))
    return replace(env, production=True)


def _loose_secrets(env: Environment) -> list[str]:
    folder = secrets.folder(env.home)
    loose = [f for f in [folder, *folder.iterdir()] if f.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    faults = [_("{path} must be readable by its owner only (chmod go-rwx)").format(path=path) for path in loose]
    if (env.home / "run" / "demo").exists():
        faults.append(
            _(
                "{folder} was used for a demonstration and its secrets are to be thought known; choose a new ONECITY_HOME"
            ).format(folder=env.home)
        )
    return faults


def demand_no_demo_accounts() -> None:
    """RuntimeError while any demonstration account exists, since their passwords are public."""
    if demo.exist():
        raise RuntimeError(_("Production mode refuses to start while demonstration accounts exist; remove them first."))
