"""What happens in the tests: stations that send, people who act, and how both sides are compared."""

import json
import time

import httpx
from tests.faults.senders import HttpSender
from tests.tiers.two_tiers import TOWN_PATH, Node

# a station of the town with its device; prints device id, secret, urn
STATION = """
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service as twin
PROBE = EntityType("TierProbe", "Probe", (Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000),))
key, path = sys.argv[1:3]
device, secret = telemetry.create_device(key, path, readings_per_second=1_000_000)
entity = twin.upsert_entity(type=PROBE, key=key, name="Station " + key, division_path=path, lon=121.35, lat=30.85,
    device_id=device.id)
print(json.dumps([str(device.id), secret, entity.urn]))
"""
RENAME = """
from onecity.kernel.telemetry.types import Attribute, EntityType
PROBE = EntityType("TierProbe", "Probe", (Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000),))
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity
found = Entity.objects.get(urn=sys.argv[1])
twin.upsert_entity(type=PROBE, key=found.key, name=sys.argv[2], division_path=found.division_path, lon=found.lon,
    lat=found.lat, properties=json.loads(sys.argv[3]) if len(sys.argv) > 3 else found.properties,
    device_id=found.device_id, public=found.public)
print(json.dumps(True))
"""
OPEN = """
from onecity.domains.environment.domain import AIR_EXCEEDANCE
from onecity.kernel.cases import service as cases
case = cases.open_case(cases.NewCase(type_name=AIR_EXCEEDANCE.name, title=sys.argv[1], division_path=sys.argv[2]))
print(json.dumps([str(case.id), case.number]))
"""
ACT = """
from uuid import UUID
from onecity.kernel.cases import service as cases
from onecity.kernel.people.models import Account
actor = Account.objects.get(username=sys.argv[3])
case = cases.act(UUID(sys.argv[1]), sys.argv[2], actor, note=sys.argv[4])
print(json.dumps([case.state, case.version]))
"""
HAND_OVER = """
from uuid import UUID
from onecity.kernel.cases import service as cases
from onecity.kernel.people.models import Account, Organisation
actor = Account.objects.get(username=sys.argv[2])
office = Organisation.objects.get(code=sys.argv[3])
case = cases.hand_over(UUID(sys.argv[1]), office.id, actor, sys.argv[4])
print(json.dumps([case.state, case.version]))
"""
# all readings as one figure: how many, and the sum of the hashes of their texts
READINGS = """
SELECT count(*), sum(hashtextextended(concat_ws(' ', s.entity_urn, s.attribute, extract(epoch FROM o.observed_at), o.value), 0)
    ::numeric) FROM telemetry_observation o JOIN telemetry_series s ON s.id = o.series_id WHERE s.entity_urn LIKE %s
"""
COUNT = """
SELECT count(*), count(DISTINCT (o.series_id, o.observed_at)) FROM telemetry_observation o
JOIN telemetry_series s ON s.id = o.series_id WHERE s.entity_urn LIKE %s
"""
HISTORY = """
SELECT e.version, e.action, e.from_state, e.to_state, e.note, e.actor_name, e.at FROM cases_caseevent e
WHERE e.case_id = %s ORDER BY e.version
"""
CASE = "SELECT number, title, state, version, severity, opened_at, closed_at FROM cases_case WHERE id = %s"


class FastSender(HttpSender):
    """A station that sends a batch, is told that it is kept, and sends the next after `pause` seconds."""

    pause = 0.0

    def _attempt(self, batch: list[tuple[str, int, float]]) -> bool:
        self.stopping.wait(self.pause)
        return super()._attempt(batch)


def station(node: Node, key: str) -> tuple[str, str, str]:
    device, secret, urn = node.script(STATION, key, TOWN_PATH)
    return device, secret, urn


def counted(node: Node, pattern: str) -> tuple[int, int]:
    rows = node.query(COUNT, [pattern])
    return int(rows[0][0]), int(rows[0][1])


AIR = """
from onecity.domains.environment.domain import AIR_STATION
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.twin import service as twin
key, path = sys.argv[1:3]
device, secret = telemetry.create_device(key, path)
entity = twin.upsert_entity(type=AIR_STATION, key=key, name="Air " + key, division_path=path, lon=121.35, lat=30.85,
    device_id=device.id)
print(json.dumps([str(device.id), secret, entity.urn]))
"""


def air_station(node: Node, key: str) -> tuple[str, str, str]:
    device, secret, urn = node.script(AIR, key, TOWN_PATH)
    return device, secret, urn


def send(node: Node, device: str, secret: str, key: str, value: float) -> None:
    reading = {"entity": key, "observed_at": int(time.time() * 1000), "values": {"pm2_5": value}}
    answer = httpx.post(
        f"{node.platform.env.base_url}/ingest",
        headers={"Authorization": f"Bearer {device}.{secret}"}, content=json.dumps(reading), timeout=20,
    )  # fmt: skip
    assert answer.is_success, answer.text
