"""A field process without sources waits, and goes to work with the first."""

import threading

import pytest
from django.conf import LazySettings

from onecity.kernel.telemetry.fieldbus import waiting
from onecity.kernel.telemetry.models import FieldSource, Heartbeat

pytestmark = pytest.mark.django_db


def test_it_waits_for_the_first_source_in_operation(settings: LazySettings) -> None:
    ending = threading.Event()
    threading.Timer(0.2, ending.set).start()
    assert waiting.until_needed(ending, 0.05) is False
    assert Heartbeat.objects.get(process="fieldbus").detail == {"sources": 0}
    row = FieldSource.objects.create(
        name="x", protocol="modbus", settings={}, device_id="01900000-0000-7000-8000-000000000000", enabled=False
    )
    threading.Timer(0.2, ending.set).start()
    assert waiting.until_needed(ending, 0.05) is False
    ending.clear()
    FieldSource.objects.filter(id=row.id).update(enabled=True)
    assert waiting.until_needed(ending) is True
    FieldSource.objects.all().delete()
    settings.ONECITY_COAP_PORT = 5683
    assert waiting.until_needed(ending) is True
