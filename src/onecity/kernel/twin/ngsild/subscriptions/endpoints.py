"""The endpoint of a subscription (5.2.15): where notifications go, over HTTP or MQTT, and what the sender needs to know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from onecity.kernel.core.outbound import URL_LENGTH
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.subscriptions import limits

HTTP: Final = frozenset({"http", "https"})
MQTT: Final = frozenset({"mqtt", "mqtts"})
PORTS: Final = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}
JSON, LD_JSON, GEO_JSON = "application/json", "application/ld+json", "application/geo+json"
ACCEPTS: Final = (JSON, LD_JSON, GEO_JSON)
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}", re.ASCII)
VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# what belongs to the connection and not to a notification
OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "keep-alive"}
)
QOS: Final = ("0", "1", "2")
VERSIONS: Final = ("mqtt3.1.1", "mqtt5.0")
QOS_KEY, VERSION_KEY = "MQTT-QoS", "MQTT-Version"
MEMBERS: Final = frozenset({"uri", "accept", "cooldown", "timeout", "receiverInfo", "notifierInfo"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to send. Times are seconds; `cooldown` None where the subscription asks for none.

    `origin` is what shares a fate: scheme, host and port. `topic`, `user`, `password`, `qos`, `version` are MQTT's.
    """

    uri: str
    scheme: str
    host: str
    port: int
    accept: str = JSON
    timeout: float = limits.TIMEOUT_S
    cooldown: float | None = None
    receiver: tuple[tuple[str, str], ...] = ()
    topic: str = ""
    user: str | None = None
    password: str | None = None
    qos: int = 0
    version: str = VERSIONS[1]

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def bare(self) -> str:
        """The address without user and password, for the guard and for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{quote(self.topic)}" if self.scheme in MQTT else self.uri

    @property
    def plain_body(self) -> bool:
        """Whether a GeoJSON body comes without its @context (6.3.8: Prefer: body=json)."""
        return any(key.lower() == "prefer" and value.replace(" ", "") == "body=json" for key, value in self.receiver)


def read_endpoint(given: object) -> Endpoint:
    """The endpoint that a subscription names; raises Problem 400 (BadRequestData)."""
    if not isinstance(given, dict):
        raise bad_request(_("The notification needs an endpoint, an object with a uri."), "notification.endpoint")
    unknown = sorted(given.keys() - MEMBERS)
    if unknown:
        raise bad_request(
            _("{member} is no member of an endpoint.", member=unknown[0][:100]), f"notification.endpoint.{unknown[0]}"
        )
    scheme, host, port, topic, user, password = _address(given.get("uri"))
    accept = given.get("accept", JSON)
    if accept not in ACCEPTS:
        raise bad_request(_("accept is one of {known}.", known=", ".join(ACCEPTS)), "notification.endpoint.accept")
    notifier = dict(_pairs(given, "notifierInfo"))
    receiver = _pairs(given, "receiverInfo")
    if scheme in HTTP:
        _check_headers(receiver)
    qos, version = notifier.get(QOS_KEY, "0"), notifier.get(VERSION_KEY, VERSIONS[1])
    if qos not in QOS or version not in VERSIONS:
        raise bad_request(
            _("MQTT-QoS is 0, 1 or 2, MQTT-Version is mqtt3.1.1 or mqtt5.0."), "notification.endpoint.notifierInfo"
        )
    cooldown = _milliseconds(given, "cooldown", limits.LONGEST_COOLDOWN_S)
    timeout = _milliseconds(given, "timeout", limits.LONGEST_TIMEOUT_S)
    return Endpoint(
        uri=given["uri"],
        scheme=scheme,
        host=host,
        port=port,
        accept=accept,
        timeout=timeout or limits.TIMEOUT_S,
        cooldown=cooldown,
        receiver=receiver,
        topic=topic,
        user=user,
        password=password,
        qos=int(qos),
        version=version,
    )


def _address(uri: object) -> tuple[str, str, int, str, str | None, str | None]:
    """Scheme, host, port, topic, user and password of an endpoint's address."""
    if isinstance(uri, str) and len(uri) <= URL_LENGTH and not any(c.isspace() or ord(c) < 32 for c in uri):
        try:
            parts = urlsplit(uri)
            port, host = parts.port, parts.hostname
        except ValueError:
            parts, host = urlsplit(""), None
        if host and parts.scheme in HTTP and parts.username is None and parts.password is None:
            return parts.scheme, host, port or PORTS[parts.scheme], "", None, None
        topic = unquote(parts.path.removeprefix("/"))
        if host and parts.scheme in MQTT and topic and not any(c in uri + topic for c in "+#?\x00"):
            user = None if parts.username is None else unquote(parts.username)
            password = None if parts.password is None else unquote(parts.password)
            return parts.scheme, host, port or PORTS[parts.scheme], topic, user, password
    raise bad_request(
        _("The uri of an endpoint begins with http://, https://, mqtt:// or mqtts://; that of MQTT ends with a topic."),
        "notification.endpoint.uri",
    )


def _pairs(given: Mapping[str, Any], member: str) -> tuple[tuple[str, str], ...]:
    """A KeyValuePair[] (5.2.22)."""
    pairs = given.get(member, [])
    where = f"notification.endpoint.{member}"
    if not isinstance(pairs, list) or len(pairs) > limits.PAIRS:
        raise bad_request(_("{member} is a list of at most {most} pairs.", member=member, most=limits.PAIRS), where)
    found = []
    for pair in pairs:
        if not isinstance(pair, dict) or set(pair) != {"key", "value"}:
            raise bad_request(_("Each entry of {member} has a key and a value.", member=member), where)
        key, value = pair["key"], pair["value"]
        if not isinstance(key, str) or not isinstance(value, str) or not key or len(value) > limits.TEXT:
            raise bad_request(_("Keys and values of {member} are texts.", member=member), where)
        found.append((key, value))
    return tuple(found)


def _check_headers(pairs: tuple[tuple[str, str], ...]) -> None:
    for key, value in pairs:
        if not TOKEN.fullmatch(key) or not VALUE.fullmatch(value) or key.lower() in OURS:
            raise bad_request(
                _("{key} cannot be sent as a header of a notification.", key=key[:100]),
                "notification.endpoint.receiverInfo",
            )


def _milliseconds(given: Mapping[str, Any], member: str, longest: float) -> float | None:
    """Seconds of a member in milliseconds, at most `longest`."""
    value = given.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise bad_request(
            _("{member} is a number of milliseconds greater than 0.", member=member), f"notification.endpoint.{member}"
        )
    return min(float(value) / 1000.0, longest) if value < longest * 1000.0 else longest
