"""The link between two brokers, encrypted: with the district's certificate it stands, with a stranger's it does not."""

import datetime as dt
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.conftest import free_block
from tests.tiers.two_tiers import free_port, until

from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.broker import Certificate, Federation
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.tiers import membership
from onecity.kernel.tiers.logic import brokers, keys
from onecity.kernel.tiers.membership import Door, Membership, Welcome
from onecity.project.stack.nats import Nats

TOWN = "990101001"


def certificate(folder: Path, name: str) -> Certificate:
    """A certificate for this machine that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begun = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(begun + dt.timedelta(days=2))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return Certificate(chain, secret)


@contextmanager
def running(home: Path, secret: str, federation: Federation) -> Iterator[int]:
    """A broker; its monitor's port."""
    client, _second, mqtt = free_block()
    monitor = mqtt + 1
    config = broker.server_config(home, broker.Ports(client, mqtt, monitor), secret, federation=federation)
    server = Nats(home, config, monitor)
    process = server.start()
    try:
        yield monitor
    finally:
        server.stop(process)


def links(monitor: int) -> int:
    return int(httpx.get(f"http://127.0.0.1:{monitor}/leafz?acc=TIERS", timeout=5).json()["leafnodes"])


def town(home: Path, parent: str, authority: Path) -> Federation:
    """What a town's broker is told that trusts this authority."""
    welcome = Welcome(TOWN, "North", f"adm/990101/{TOWN}/", 0, keys.seed("district", 0), new_id(), [])
    membership.write(home, Membership(parent, welcome, str(authority)))
    found = membership.federation(home, "town", "town", Door(0))
    assert found is not None
    return found


def test_a_link_is_encrypted_and_trusts_only_its_authority(tmp_path: Path) -> None:
    own, stranger = certificate(tmp_path, "own"), certificate(tmp_path, "stranger")
    port = free_port()
    district = membership.federation(tmp_path / "district", "district", "district", Door(port, certificate=own))
    assert district is not None
    invited = brokers.towns_file(BrokerKeys.derive("district").password, [(TOWN, keys.public("district", 0))])
    membership.keep(membership.towns(tmp_path / "district"), invited)
    (tmp_path / "district" / "run").mkdir()
    parent = f"tls://127.0.0.1:{port}"
    with running(tmp_path / "district", "district", district) as monitor:
        with running(tmp_path / "a", "town", town(tmp_path / "a", parent, own.chain)):
            until(lambda: links(monitor) == 1, 15, "the link stands")
        until(lambda: links(monitor) == 0, 15, "the link is gone")
        with running(tmp_path / "b", "town", town(tmp_path / "b", parent, stranger.chain)):
            log = tmp_path / "b" / "log" / "nats.log"
            until(lambda: "certificate" in log.read_text(), 15, "the town does not trust the stranger's certificate")
            assert links(monitor) == 0
