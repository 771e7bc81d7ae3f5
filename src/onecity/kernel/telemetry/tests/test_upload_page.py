"""The desk's page for tables, from the file to the report, and who may not use it."""

import json
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.tests.conftest import Broker
from onecity.kernel.telemetry.tests.field import manager, values
from onecity.kernel.telemetry.tests.sample import station
from onecity.kernel.telemetry.tests.test_uploads import FILE

pytestmark = pytest.mark.django_db


def test_the_page_leads_from_the_file_to_the_report(broker: Broker, settings: LazySettings, tmp_path: Path) -> None:
    settings.ONECITY_HOME = tmp_path
    link = broker.link()
    link.open()
    link.request("$JS.API.STREAM.CREATE.TELEMETRY", json.dumps({"name": "TELEMETRY", "subjects": ["log.>"]}).encode())
    link.close()
    _device, _secret, series = station("a")
    client = Client(headers={"accept-language": "en"})
    client.force_login(manager())
    assert client.get("/desk/uploads").status_code == 200
    shown = client.post("/desk/uploads", {"file": SimpleUploadedFile("values.csv", FILE.encode())})
    assert shown.context["step"] == "confirm"
    form = {"token": shown.context["token"], "names": shown.context["names"], "time": "监测时间"}
    form |= {"entity_column": "站点编号", "attribute-2": "pm2_5", "attribute-3": "pm10"}
    done = client.post("/desk/uploads", form)
    assert (done.context["report"].accepted, done.context["report"].quarantined) == (4, 7)
    assert "7 rows with 11 readings: 4 taken, 7 in quarantine." in done.content.decode()
    assert values(broker, series["pm10"]) == [61.0]
    gone = client.post("/desk/uploads", form)
    assert (gone.status_code, gone.context["step"]) == (410, "choose")
    assert client.post("/desk/uploads", {"file": SimpleUploadedFile("x.csv", b"\0\1")}).status_code == 422
    stranger = Account.objects.create_user("somebody", "a-long-password")
    client.force_login(stranger)
    assert client.get("/desk/uploads").status_code == 403
