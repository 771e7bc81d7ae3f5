"""What the surroundings say: folder, ports, addresses and mode, read once from environment variables."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from onecity.project import secrets
from onecity.project.language import gettext as _

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = {"web": "onecity_app", "owner": "onecity_owner"}
SYSTEM_ROLE = "onecity_system"
ANONYMOUS = ("none", "read", "write")
POOL = {"min_size": 2, "max_size": 20, "timeout": 10}


@dataclass(frozen=True)
class Environment:
    """Every value a process of the platform needs from outside; each field is one variable of docs/settings.md."""

    home: Path
    port: int
    nats_port: int
    mqtt_port: int
    production: bool
    process: str
    base_url: str
    public_hosts: tuple[str, ...]
    time_zone: str
    retention_days: int
    log_sync: str
    websocket_port: int
    coap_port: int
    coap_host: str
    outbound_allow: tuple[str, ...]
    ngsi_ld_anonymous: str
    tier: str
    leaf_port: int
    leaf_host: str
    leaf_certificate: Path | None
    leaf_key: Path | None
    database_url: str = field(repr=False)
    system_database_url: str = field(repr=False)
    owner_database_url: str = field(repr=False)
    nats_url: str = field(repr=False)
    email_url: str = field(repr=False)
    node_modules: Path = CHECKOUT / "node_modules"

    @property
    def embedded_database(self) -> bool:
        """Whether the database is the one this program starts itself."""
        return not self.database_url

    @property
    def embedded_broker(self) -> bool:
        """Whether the broker is the one this program starts itself."""
        return not self.nats_url


def read(values: dict[str, str] | None = None) -> Environment:
    """The environment as one value; raises ValueError naming the variable whose text is wrong."""
    env = dict(os.environ) if values is None else values
    home = Path(env.get("ONECITY_HOME") or CHECKOUT / "var").expanduser().resolve()
    port = _number(env, "PORT", 8000)
    return Environment(
        home=home,
        port=port,
        nats_port=_number(env, "ONECITY_NATS_PORT", port + 1),
        mqtt_port=_number(env, "ONECITY_MQTT_PORT", port + 2),
        production=env.get("ONECITY_MODE", "demo") == "production",
        process=env.get("ONECITY_PROCESS", "system"),
        base_url=env.get("ONECITY_BASE_URL", f"http://127.0.0.1:{port}"),
        public_hosts=tuple(h for h in env.get("ONECITY_HOSTS", "").split(",") if h),
        time_zone=env.get("ONECITY_TIME_ZONE", "Asia/Shanghai"),
        retention_days=_number(env, "ONECITY_RETENTION_DAYS", 400),
        log_sync=env.get("ONECITY_LOG_SYNC", "1s"),
        websocket_port=_number(env, "ONECITY_WEBSOCKET_PORT", 0),
        coap_port=_number(env, "ONECITY_COAP_PORT", 0),
        coap_host=env.get("ONECITY_COAP_HOST") or "127.0.0.1",
        outbound_allow=_networks(env),
        tier=_tier(env),
        leaf_port=_number(env, "ONECITY_LEAF_PORT", port + 4),
        leaf_host=env.get("ONECITY_LEAF_HOST") or "127.0.0.1",
        leaf_certificate=_file(env, "ONECITY_LEAF_CERTIFICATE"),
        leaf_key=_file(env, "ONECITY_LEAF_KEY"),
        ngsi_ld_anonymous=_anonymous(env),
        database_url=env.get("ONECITY_DATABASE_URL", ""),
        system_database_url=env.get("ONECITY_SYSTEM_DATABASE_URL", ""),
        owner_database_url=env.get("ONECITY_OWNER_DATABASE_URL", ""),
        nats_url=env.get("ONECITY_NATS_URL", ""),
        email_url=env.get("ONECITY_EMAIL_URL", ""),
        node_modules=Path(env.get("ONECITY_NODE_MODULES") or CHECKOUT / "node_modules"),
    )


def _tier(env: dict[str, str]) -> str:
    tier = env.get("ONECITY_TIER", "")
    if tier not in {"", "town", "district"}:
        raise ValueError(f"ONECITY_TIER is town or district, or not set; not {tier!r}")
    return tier


def _file(env: dict[str, str], name: str) -> Path | None:
    return Path(env[name]).expanduser().resolve() if env.get(name) else None


def _networks(env: dict[str, str]) -> tuple[str, ...]:
    """The private networks that outgoing requests may reach: in demonstration mode this machine, else none."""
    default = "" if env.get("ONECITY_MODE", "demo") == "production" else "127.0.0.0/8,::1/128"
    networks = tuple(n.strip() for n in env.get("ONECITY_OUTBOUND_ALLOW", default).split(",") if n.strip())
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ValueError(
                _("ONECITY_OUTBOUND_ALLOW names networks like 10.2.0.0/16, not “{text}”").format(text=network)
            ) from error
    return networks


def _anonymous(env: dict[str, str]) -> str:
    """What a client on this machine may do through NGSI-LD without signing in: in demonstration mode everything."""
    given = env.get("ONECITY_NGSI_LD_ANONYMOUS") or (
        "none" if env.get("ONECITY_MODE", "demo") == "production" else "write"
    )
    if given not in ANONYMOUS:
        raise ValueError(f"ONECITY_NGSI_LD_ANONYMOUS is one of {', '.join(ANONYMOUS)}, not {given!r}")
    return given


def _number(env: dict[str, str], name: str, default: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise ValueError(_("{name} must be a whole number, not “{text}”").format(name=name, text=text))
    return int(text)


def database(env: Environment, socket_dir: Path) -> dict[str, object]:
    """Django's DATABASES entry for this process: embedded over a socket, or the URL that is set for its role."""
    by_process = {"web": env.database_url, "owner": env.owner_database_url}
    url = by_process.get(env.process, env.system_database_url)
    settings: dict[str, object] = {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": True}
    # under ASGI each request has a thread of its own, so connections are kept in a pool of the process
    pool: dict[str, object] = {"pool": POOL} if env.process == "web" else {}
    if url:
        found = parse_database_url(url)
        return settings | found | {"OPTIONS": found["OPTIONS"] | pool}
    role = ROLES.get(env.process, SYSTEM_ROLE)
    return settings | {
        "NAME": "onecity",
        "USER": role,
        "PASSWORD": secrets.text(env.home, role),
        "HOST": str(socket_dir),
        "OPTIONS": pool,
    }


def parse_database_url(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?sslmode=…` as Django names it; ValueError where it is not one."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ValueError("a database URL must look like postgresql://user:password@host:5432/name")
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(options.pop("host", parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
