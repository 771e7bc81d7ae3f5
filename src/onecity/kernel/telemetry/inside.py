"""Which devices are inside already, by the broker's word: a gateway that starts anew must know them."""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from django.db import DatabaseError, connection

from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.link import Link, NobodyAnswersError
from onecity.kernel.telemetry.models import Device

EVERY_SERVER = "$SYS.REQ.SERVER.PING.CONNZ"
PAGE = 1_000
ASK_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inside:
    """A connection of a device: at which server, its number there, the session's name, who signed in, since when."""

    server: str
    client: int
    session: str
    user: str
    since: dt.datetime


class _Server(msgspec.Struct):
    id: str


class _Connection(msgspec.Struct):
    cid: int
    start: dt.datetime
    type: str = ""
    mqtt_client: str = ""
    authorized_user: str = ""


class _Page(msgspec.Struct):
    total: int = 0
    connections: list[_Connection] = []


class _Answer(msgspec.Struct):
    server: _Server
    data: _Page


def connections(system: Link) -> Iterator[Inside]:
    """Every MQTT connection of the devices' account; `system` is signed in to the system account. Raises LinkError.

    Of several joined servers the one that answers first is asked; the others' devices are known when they come anew.
    """
    subject, offset = EVERY_SERVER, 0
    while True:
        body = msgspec.json.encode(
            {"auth": True, "acc": broker.ACCOUNT, "limit": PAGE, "offset": offset, "state": 0, "sort": "cid"}
        )
        try:
            answer = msgspec.json.decode(system.request(subject, body, ASK_S), type=_Answer)
        except NobodyAnswersError:
            return
        except msgspec.DecodeError as error:
            log.warning("the broker does not say who is inside: %s", error)
            return
        server = answer.server.id
        for row in answer.data.connections:
            if row.type == "mqtt":
                yield Inside(server, row.cid, row.mqtt_client, row.authorized_user, row.start)
        offset += PAGE
        if offset >= answer.data.total:
            return
        subject = f"$SYS.REQ.SERVER.{server}.CONNZ"


def secrets_changed() -> Mapping[str, dt.datetime]:
    """When each device was last given a secret; nothing while the database cannot be asked."""
    try:
        return {str(id_): at for id_, at in Device.objects.values_list("id", "secret_changed_at")}
    except DatabaseError as error:
        log.warning("when secrets were changed cannot be read: %s", str(error).strip())
        return {}
    finally:
        connection.close()
