"""SNMP against net-snmp's snmpd (where it is installed) and against pysnmp's own agent: v2c, v3, and refusals."""

import asyncio
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context

from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, until
from onecity.kernel.telemetry.tests.field import Field, error, logged, pump, source, state, turns, values

pytestmark = COMMITTING

SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
SNMPD = shutil.which("snmpd") or shutil.which("snmpd", path="/usr/sbin:/sbin")
V3 = {
    "user": "city",
    "auth": "SHA256",
    "auth_key": "authentication-key",
    "privacy": "AES",
    "privacy_key": "privacy-key-1",
}


@pytest.fixture
def field(broker: Broker, committed: None, tmp_path: Path, settings: LazySettings) -> Iterator[Field]:
    settings.ONECITY_HOME = tmp_path
    found = Field(broker, tmp_path / "spool")
    yield found
    found.close()


def udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wanted(port: int, version: str, *extra: dict[str, Any]) -> dict[str, Any]:
    uptime = {"entity": "pump-1", "attribute": "level", "oid": SYS_UPTIME, "scale": 0.01}
    return {
        "host": "127.0.0.1", "port": port, "version": version, "timeout": 0.5, "retries": 2, "points": [uptime, *extra]
    }  # fmt: skip


@pytest.fixture
def snmpd(tmp_path: Path) -> Iterator[int]:
    if SNMPD is None:
        pytest.skip("net-snmp's snmpd is not installed (Debian: snmpd)")
    port = udp_port()
    conf = tmp_path / "snmpd.conf"
    conf.write_text(
        "rocommunity harbour 127.0.0.1\n"
        f"createUser city SHA-256 {V3['auth_key']} AES {V3['privacy_key']}\n"
        "rouser city authPriv\n"
        'extend temperature /bin/echo "36.5"\n'
        "sysName pump\n"
    )
    command = [SNMPD, "-f", "-Lo", "-C", "-c", str(conf), "-I", "-smux", f"udp:127.0.0.1:{port}"]
    environment = {"SNMP_PERSISTENT_DIR": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    with (tmp_path / "snmpd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    until(lambda: b"NET-SNMP version" in (tmp_path / "snmpd.log").read_bytes())
    yield port
    process.terminate()
    process.wait(10)


def extend(name: str) -> str:
    """The OID of the first line of what snmpd's `extend` of this name printed (NET-SNMP-EXTEND-MIB)."""
    return ".".join(["1.3.6.1.4.1.8072.1.3.2.3.1.1", str(len(name)), *(str(ord(letter)) for letter in name)])


def test_net_snmps_agent_answers_in_both_versions(field: Field, snmpd: int, broker: Broker) -> None:
    device, series = pump()
    temperature = {"entity": "pump-1", "attribute": "temperature", "oid": extend("temperature"), "unit": "Cel"}
    name = {"entity": "pump-1", "attribute": "energy", "oid": "1.3.6.1.2.1.1.5.0"}
    nowhere = {"entity": "pump-1", "attribute": "running", "oid": "1.3.6.1.4.1.99999.1.0"}
    second = source("snmp", wanted(snmpd, "2c", temperature), device, credentials={"community": "harbour"})
    third = source("snmp", wanted(snmpd, "3", temperature, name, nowhere), device, credentials=V3)
    field.start()
    until(lambda: len(values(broker, series["temperature"])) >= 4, seconds=20)
    assert set(values(broker, series["temperature"])) == {36.5}
    assert all(0 <= value < 60 for value in values(broker, series["level"]))
    until(lambda: (error(second), error(third)) == ("", "points"))
    found = state(third)
    assert found is not None
    assert "1.3.6.1.2.1.1.5.0: pump" in found.detail
    assert "1.3.6.1.4.1.99999.1.0" in found.detail


def test_net_snmps_agent_refuses_wrong_keys(field: Field, snmpd: int, broker: Broker) -> None:
    device, _series = pump()
    wrong = source("snmp", wanted(snmpd, "3"), device, credentials=V3 | {"auth_key": "another-key-1"})
    stranger = source("snmp", wanted(snmpd, "3"), device, credentials=V3 | {"user": "stranger"})
    silent = source("snmp", wanted(snmpd, "2c"), device, credentials={"community": "public"})
    field.start()
    until(lambda: (error(wrong), error(stranger), error(silent)) == ("refused", "refused", "timeout"), seconds=20)
    assert logged(broker)[0] == []


class Agent:
    """pysnmp's own agent, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        snmp = engine.SnmpEngine()
        transport = udp.UdpTransport(loop=self.loop).open_server_mode(("127.0.0.1", self.port))
        config.add_transport(snmp, udp.DOMAIN_NAME, transport)
        config.add_v1_system(snmp, "area", "harbour")
        config.add_vacm_user(snmp, 2, "area", "noAuthNoPriv", (1, 3, 6))
        config.add_v3_user(
            snmp, "city", config.USM_AUTH_HMAC192_SHA256, V3["auth_key"], config.USM_PRIV_CFB128_AES, V3["privacy_key"]
        )
        config.add_vacm_user(snmp, 3, "city", "authPriv", (1, 3, 6))
        cmdrsp.GetCommandResponder(snmp, context.SnmpContext(snmp))
        self.engine = snmp
        self._ready.set()
        self.loop.run_forever()
        snmp.close_dispatcher()
        # a socket is closed by what the loop does next
        self.loop.run_until_complete(turns())
        self.loop.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)


@pytest.fixture
def agent() -> Iterator[Agent]:
    found = Agent(udp_port())
    yield found
    found.stop()


def test_pysnmps_agent_answers_in_both_versions(field: Field, agent: Agent, broker: Broker) -> None:
    device, series = pump()
    services = {"entity": "pump-1", "attribute": "pressure", "oid": "1.3.6.1.2.1.1.7.0", "unit": "hPa"}
    second = source("snmp", wanted(agent.port, "2c", services), device, credentials={"community": "harbour"})
    third = source("snmp", wanted(agent.port, "3"), device, credentials=V3)
    field.start()
    until(lambda: len(values(broker, series["level"])) >= 4, seconds=20)
    until(lambda: (error(second), error(third)) == ("", ""))
    assert values(broker, series["pressure"])[0] % 100 == 0
