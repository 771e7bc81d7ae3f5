"""The district's door for towns: who may come in is a file of the broker's, written anew when a town joins or leaves."""

import logging
import os
import signal
from pathlib import Path

from django.conf import settings

from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.tiers import membership
from onecity.kernel.tiers.logic import brokers, keys, names
from onecity.kernel.tiers.models import Peer
from onecity.kernel.tiers.models.peer import Direction, PeerState

PROCESS = "nats.pid"

log = logging.getLogger(__name__)


def open_to_towns(home: Path) -> bool:
    """Bring the file in step with the links and have the broker read it; whether anything changed."""
    if settings.ONECITY_TIER != names.DISTRICT:
        return False
    rows = Peer.objects.filter(direction=Direction.DOWN, state=PeerState.JOINED, slot__isnull=False).order_by("code")
    secret = settings.ONECITY_BROKER_SECRET
    towns = [(code, keys.public(secret, slot or 0)) for code, slot in rows.values_list("code", "slot")]
    text = brokers.towns_file(BrokerKeys.derive(secret).password, towns)
    path = membership.towns(home)
    if path.exists() and path.read_text() == text:
        return False
    membership.keep(path, text)
    _tell_broker(path.with_name(PROCESS))
    return True


def _tell_broker(path: Path) -> None:
    try:
        os.kill(int(path.read_text()), signal.SIGHUP)
    except (OSError, ValueError) as error:
        log.info("the broker reads who may come in when it starts: %s", error)
