"""How an installation becomes a town or a district: what `onecity up --tier` asks for, and what a town's first start does."""

import dataclasses
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import msgspec

from onecity.kernel.tiers import divisions, enrolment, membership
from onecity.kernel.tiers.enrolment import Token
from onecity.kernel.tiers.membership import Membership, Welcome
from onecity.project import environment
from onecity.project.environment import Environment
from onecity.project.language import gettext as _

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line; empty where it was not."""

    parent: str = ""
    division: str = ""
    token: str = ""


def arrange(env: Environment, tier: str, wish: Wish) -> Environment:
    """The environment of the tier that is asked for; a town that is none yet joins its district first.

    Raises ValueError or RuntimeError in one sentence that says what to do.
    """
    chosen = tier or env.tier
    if chosen not in {"", "town", "district"}:
        raise ValueError(_("--tier is town or district, not “{text}”").format(text=chosen))
    if chosen != "town" and any(dataclasses.astuple(wish)):
        raise ValueError(_("--parent, --division and --token are for a town: add --tier town"))
    if chosen == "town":
        _be_town(env, wish)
    # the processes that are started from here are told by their environment
    os.environ["ONECITY_TIER"] = chosen
    return dataclasses.replace(env, tier=chosen)


def settle() -> None:
    """Bring what the district handed over into the town's database; nothing is done twice."""
    found = membership.read(environment.read().home)
    if found is not None:
        divisions.load(found.welcome.places)
        enrolment.settle(found.welcome)


def join(home: Path, parent: str, token: str) -> Membership:
    """Redeem a token at the district and keep what it hands over. Raises RuntimeError where the district refuses."""
    found = enrolment.read_token(token)
    joined = Membership(parent, _redeem(found), os.environ.get("ONECITY_PARENT_CA", ""))
    membership.write(home, joined)
    return joined


def _be_town(env: Environment, wish: Wish) -> None:
    known = membership.read(env.home)
    if known is None:
        if not (wish.parent and wish.token):
            raise RuntimeError(
                _("A town's first start needs --parent and --token; `onecity tiers enrol` at the district prints both.")
            )
        known = join(env.home, wish.parent, wish.token)
    elif wish.parent and wish.parent != known.parent:
        known = Membership(wish.parent, known.welcome, known.authority)
        membership.write(env.home, known)
    if wish.division and wish.division != known.welcome.town:
        text = _("This folder belongs to the town {town}, not to {division}; choose another ONECITY_HOME.")
        raise RuntimeError(text.format(town=known.welcome.town, division=wish.division))


def _redeem(token: Token) -> Welcome:
    parts = urlsplit(token.address)
    if parts.scheme != "https" and not _is_this_machine(parts.hostname or ""):
        raise RuntimeError(
            _("The district must be reached over HTTPS; its address is {address}").format(address=token.address)
        )
    body = {"secret": token.secret, "installation": str(uuid4())}
    try:
        answer = httpx.post(f"{token.address.rstrip('/')}/api/tiers/enrol", json=body, timeout=PATIENCE_S)
    except httpx.HTTPError as error:
        text = _("The district at {address} cannot be reached: {error}")
        raise RuntimeError(text.format(address=token.address, error=error)) from error
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(_refusal(answer))
    try:
        return msgspec.json.decode(answer.content, type=Welcome)
    except msgspec.DecodeError as error:
        raise RuntimeError(
            _("The district answered something that is no welcome: {error}").format(error=error)
        ) from error


def _refusal(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return f"{problem['title']} {problem.get('detail', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return _("The district refuses: {status}").format(status=answer.status_code)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
