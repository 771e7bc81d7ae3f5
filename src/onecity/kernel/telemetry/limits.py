"""The limits a sender meets, in one place; a district may set those of the settings."""

from django.conf import settings

MICROSECOND = 1
SECOND = 1_000_000
DAY = 86_400 * SECOND

# a request's body as sent and after inflating
MAX_BODY = 32 * 1024 * 1024
MAX_INFLATED = 64 * 1024 * 1024
MAX_READINGS = 2_000_000
# how many bytes of refused readings one request may leave in quarantine; readings refused from wide rows are longer
# than they came
MAX_REFUSED = 128 * 1024 * 1024
# then it is told to send so many rows at once
FEWER_READINGS = 50_000
# a request must have arrived within this time (s), so that slow senders hold no place
MAX_UPLOAD_S = 60.0
# seconds an answer waits for the log to acknowledge
LOG_TIMEOUT_S = 10.0
MAX_MQTT_MESSAGE = 256 * 1024


def future_tolerance_us() -> int:
    """How far a sender's clock may run ahead (µs); ONECITY_FUTURE_SECONDS, 300 s when it is not set."""
    return int(getattr(settings, "ONECITY_FUTURE_SECONDS", 300)) * SECOND


def retention_us() -> int:
    """How long readings are kept (µs); ONECITY_RETENTION_DAYS, 0 is for ever."""
    return int(settings.ONECITY_RETENTION_DAYS) * DAY
