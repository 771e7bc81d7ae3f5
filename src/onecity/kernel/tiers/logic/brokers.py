"""What a broker's configuration says of the other tier: pure text, put together with the rest by `telemetry.broker`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onecity.kernel.telemetry.broker import Certificate, Federation, quoted
from onecity.kernel.tiers.logic import keys, names


@dataclass(frozen=True, slots=True)
class Parent:
    """The district as its town reaches it: the address of its broker's door for towns, the town's code and key."""

    url: str
    code: str
    seed: str
    authority: Path | None = None


def town(parent: Parent, password: str) -> Federation:
    """The town's part: an account that shares nothing with the town's own traffic, linked to the district."""
    scheme, separator, address = parent.url.partition("://")
    if not separator or scheme not in {"nats", "tls", "nats-leaf"} or not address or any(c in address for c in '"\n\\'):
        raise ValueError(f"the district's address looks like nats://host:port or tls://host:port, not {parent.url!r}")
    url = f"{'tls' if scheme == 'tls' else 'nats-leaf'}://{address}"
    authority = f", tls {{ ca_file: {quoted(parent.authority)} }}" if parent.authority else ""
    remote = f'{{ url: "{url}", account: {names.ACCOUNT}, nkey: "{parent.seed}"{authority} }}'
    return Federation(
        domain=names.domain(parent.code),
        accounts=f"{names.ACCOUNT} {{ jetstream: enabled, users: [ {_own(password)} ] }}",
        users=(names.USER,),
        blocks=f'leafnodes {{ reconnect: "1s", remotes: [ {remote} ] }}',
    )


def district(
    file: Path, secret: str, *, port: int, host: str = "127.0.0.1", certificate: Certificate | None = None
) -> Federation:
    """The district's part: the door for towns, which they know by the one address that they were given. `file` holds the towns that may come in (`towns_file`), read anew on SIGHUP."""
    tls = (
        f", tls {{ cert_file: {quoted(certificate.chain)}, key_file: {quoted(certificate.key)} }}"
        if certificate
        else ""
    )
    return Federation(
        domain=names.DISTRICT_DOMAIN,
        accounts=f"{names.ACCOUNT} {{ include {quoted(Path(file.name))} }}",
        users=(names.USER, *(keys.public(secret, slot) for slot in range(keys.SLOTS))),
        blocks=f'leafnodes {{ listen: "{host}:{port}", no_advertise: true{tls} }}\npid_file: {quoted(file.with_name("nats.pid"))}',
    )


def towns_file(password: str, towns: Iterable[tuple[str, str]]) -> str:
    """The district's account with the towns (code, public key) that may come in, each bound to its own subjects."""
    users = [_own(password), *(_town(code, key) for code, key in towns)]
    return (
        "# written by OneCity when a town joins or leaves\njetstream: enabled\nusers: [\n  "
        + ",\n  ".join(users)
        + "\n]\n"
    )


def _own(password: str) -> str:
    return f'{{ user: {names.USER}, password: "{password}" }}'


def _town(code: str, key: str) -> str:
    rights = names.town_rights(names.check(code))
    publish, subscribe = _list(rights["publish"]), _list(rights["subscribe"])
    return f"{{ nkey: {key}, permissions: {{ publish: {{ allow: {publish} }}, subscribe: {{ allow: {subscribe} }} }} }}"


def _list(subjects: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{subject}"' for subject in subjects) + "]"
