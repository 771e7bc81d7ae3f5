"""The broker as telemetry needs it: its configuration, its accounts, and the names of streams and subjects."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onecity.kernel.telemetry.logic.nkeys import BrokerKeys

ACCOUNT = "CITY"
USER = "onecity"
SYSTEM_ACCOUNT = "SYS"
SYSTEM_USER = "onecity-system"

LOG_STREAM = "TELEMETRY"
LOG_SUBJECTS = "log.telemetry.>"
# messages of QoS 1 as the broker keeps them before it acknowledges them to the device
MQTT_STREAM = "$MQTT_msgs"
MQTT_SUBJECTS = "$MQTT.msgs.telemetry.*"
DEVICE_SUBJECTS = "telemetry.*"
# the topics v1.1/Datastreams(<series>)/Observations as the broker names them (a dot in a topic is "//")
OBSERVED_SUBJECTS = "v1//1.*.Observations"
AUTH_SUBJECT = "$SYS.REQ.USER.AUTH"

MAX_PAYLOAD = 8 * 1024 * 1024
SYNC_MODES = ("always", "1s", "5s", "10s", "30s", "1m", "2m")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the broker listens. `host` is for clients and health; devices come to `mqtt_host`, by MQTT and, where `websocket` is
    not 0, by NATS in a WebSocket."""

    client: int
    mqtt: int
    monitor: int
    host: str = "127.0.0.1"
    mqtt_host: str = "127.0.0.1"
    websocket: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of the certificate (PEM) with which devices' connections are encrypted."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Federation:
    """What joins this broker to those of other installations, as text of its configuration.

    `domain` tells its streams from theirs, `accounts` are further accounts, `users` those whom it lets in by its own
    configuration instead of asking at the door, `blocks` whole further blocks.
    """

    domain: str
    accounts: str
    users: Sequence[str]
    blocks: str


ALONE = Federation("", "", (), "")


def observations(series: int) -> str:
    """The subject of the SensorThings topic to which observations of a series are sent (OGC 18-088, 14.2)."""
    return OBSERVED_SUBJECTS.replace("*", f"Datastreams({series})")


def server_config(
    home: Path,
    ports: Ports,
    secret: str,
    *,
    sync: str = "1s",
    log_bytes: int = 16 * 1024**3,
    certificate: Certificate | None = None,
    federation: Federation = ALONE,
) -> str:
    """The whole configuration file of the broker that keeps its log below `home`.

    `secret` is the installation's secret for the broker; platform and broker derive their passwords from it. `sync` says
    what an acknowledgement promises: with "always" it survives a power cut, with "1s" it survives the end of any process
    at once and a power cut after a second. Raises ValueError for a value the broker would not understand.
    """
    if sync not in SYNC_MODES:
        raise ValueError(f"the log can be synced {', '.join(SYNC_MODES)}, not {sync!r}")
    for host in (ports.host, ports.mqtt_host):
        ipaddress.ip_address(host)
    keys = BrokerKeys.derive(secret)
    tls = _tls(certificate)
    websocket = _websocket(ports, tls)
    domain = f", domain: {federation.domain}" if federation.domain else ""
    users = ", ".join([USER, SYSTEM_USER, *federation.users])
    return f"""# written by OneCity at each start
server_name: onecity{"-" + federation.domain if federation.domain else ""}
listen: "{ports.host}:{ports.client}"
http: "{ports.host}:{ports.monitor}"
max_payload: {MAX_PAYLOAD}
# a gateway that pauses for a moment must not lose its connection
max_pending: {256 * 1024 * 1024}
write_deadline: "20s"
ping_interval: "20s"
max_control_line: 4096
jetstream {{ store_dir: {quoted(home / "nats")}, sync_interval: {sync}, max_file_store: {log_bytes}{domain} }}
mqtt {{ listen: "{ports.mqtt_host}:{ports.mqtt}", ack_wait: "30s", max_ack_pending: 1024{tls} }}
{websocket}
accounts {{
  {SYSTEM_ACCOUNT} {{ users: [ {{ user: {SYSTEM_USER}, password: "{keys.system_password}" }} ] }}
  {ACCOUNT} {{ jetstream: enabled, users: [ {{ user: {USER}, password: "{keys.password}" }} ] }}
  {federation.accounts}
}}
{federation.blocks}
system_account: {SYSTEM_ACCOUNT}
authorization {{
  timeout: 5
  auth_callout {{ issuer: {keys.issuer_name}, account: {ACCOUNT}, auth_users: [ {users} ] }}
}}
"""


def _tls(certificate: Certificate | None) -> str:
    if certificate is None:
        return ""
    return f", tls {{ cert_file: {quoted(certificate.chain)}, key_file: {quoted(certificate.key)} }}"


def _websocket(ports: Ports, tls: str) -> str:
    """The listener for NATS in a WebSocket, with the certificate of the devices' door where there is one."""
    if not ports.websocket:
        return ""
    return f'websocket {{ listen: "{ports.mqtt_host}:{ports.websocket}"{tls or ", no_tls: true"} }}'


def log_stream_settings(log_bytes: int = 12 * 1024**3) -> Mapping[str, object]:
    """The durable log: it keeps messages until the pipeline has stored them; when full it refuses new ones."""
    return {
        "name": LOG_STREAM,
        "subjects": [LOG_SUBJECTS],
        "retention": "limits",
        "discard": "new",
        "storage": "file",
        "max_bytes": log_bytes,
        "num_replicas": 1,
        "duplicate_window": 120_000_000_000,
    }


def mqtt_stream_settings() -> Mapping[str, object]:
    """The broker's own stream of QoS 1 messages, as it would create it when the first device connects."""
    return {
        "name": MQTT_STREAM,
        "subjects": ["$MQTT.msgs.>"],
        "retention": "interest",
        "discard": "old",
        "storage": "file",
        "num_replicas": 1,
    }


def quoted(path: Path) -> str:
    """A path as the configuration writes it; raises ValueError where it cannot."""
    text = str(path)
    if '"' in text or "\n" in text:
        raise ValueError(f"the broker's configuration cannot name the path {text!r}")
    return f'"{text}"'
