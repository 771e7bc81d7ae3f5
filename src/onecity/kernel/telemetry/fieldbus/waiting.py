"""Waiting for the first source: until there is one, no library of any protocol is loaded."""

import logging
import threading

from django.conf import settings
from django.db import DatabaseError, connection

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.models import FieldSource, Heartbeat

LOOK_S = 3.0

log = logging.getLogger(__name__)


def until_needed(ending: threading.Event, look_s: float = LOOK_S) -> bool:
    """Return True as soon as a source is in operation or the CoAP door is to be open, False when told to end."""
    while not ending.is_set():
        try:
            if int(getattr(settings, "ONECITY_COAP_PORT", 0)) or FieldSource.objects.filter(enabled=True).exists():
                return True
            Heartbeat.objects.update_or_create(process="fieldbus", defaults={"at": now(), "detail": {"sources": 0}})
        except DatabaseError as error:
            log.warning("the database cannot be reached: %s", str(error).strip())
            connection.close()
        ending.wait(look_s)
    return False
