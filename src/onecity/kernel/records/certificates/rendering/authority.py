"""The installation's own small certification authority: a root, a certificate that signs documents, one that stamps time.

Made at first use; the private keys lie in ONECITY_HOME/secrets, readable by their owner only. Whoever wants to check a PDF with
a program of his own trusts the root, which the verification page offers. A district with a state-licensed authority puts
its files in the same places.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings

from onecity.kernel.core.clock import now
from onecity.kernel.core.files import keep_whole

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Extension = tuple[x509.ExtensionType, bool]
YEAR: Final = dt.timedelta(days=365)
ROOT_YEARS: Final = 30
SIGNER_YEARS: Final = 15
CRL_DAYS: Final = 30
BEFORE: Final = dt.timedelta(hours=1)
"""Clocks of readers may be slow."""
DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""RFC 9336: the key signs documents."""


@dataclass(frozen=True)
class Authority:
    """The files, read."""

    root: asn1_x509.Certificate
    signer: asn1_x509.Certificate
    signer_key: asn1_keys.PrivateKeyInfo
    stamper: asn1_x509.Certificate
    stamper_key: asn1_keys.PrivateKeyInfo
    folder: Path

    @property
    def root_pem(self) -> bytes:
        """The root as it is offered to whoever checks with a program of his own."""
        return (self.folder / "root.pem").read_bytes()


def authority() -> Authority:
    """The authority of this installation, made where there is none yet."""
    return _read(Path(settings.ONECITY_HOME) / "secrets" / "documents")


def revocations(of: Authority) -> bytes:
    """A list (DER) by the root that nothing of it was revoked, as of now: part of what a document carries for later."""
    root = x509.load_der_x509_certificate(of.root.dump())
    key = serialization.load_pem_private_key((of.folder / "root.key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the root's key is not on an elliptic curve")
    moment = now()
    number = x509.CRLNumber(int(moment.timestamp()))
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(moment - BEFORE)
        .next_update(moment + dt.timedelta(days=CRL_DAYS))
        .add_extension(number, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


@lru_cache(maxsize=4)
def _read(folder: Path) -> Authority:
    if not folder.exists():
        _make(folder)
    return Authority(
        root=_certificate(folder / "root.pem"),
        signer=_certificate(folder / "signer.pem"),
        signer_key=_key(folder / "signer.key.pem"),
        stamper=_certificate(folder / "stamper.pem"),
        stamper_key=_key(folder / "stamper.key.pem"),
        folder=folder,
    )


def _make(folder: Path) -> None:
    """All files under a temporary name, then renamed: two processes at first start agree on one authority."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".documents-"))
    root_key: Key = ec.generate_private_key(ec.SECP256R1())
    root_name = _name("OneCity document root")
    root = _issue(root_name, root_key, root_name, root_key, ROOT_YEARS, _for_root())
    signer_key: Key = ec.generate_private_key(ec.SECP256R1())
    signer = _issue(_name("OneCity certificates"), signer_key, root_name, root_key, SIGNER_YEARS, _for_signer())
    # RSA: what the library that stamps time can do
    stamper_key: Key = rsa.generate_private_key(65537, 3072)
    stamper = _issue(_name("OneCity time stamps"), stamper_key, root_name, root_key, SIGNER_YEARS, _for_stamper())
    for name, certificate, key in (
        ("root", root, root_key),
        ("signer", signer, signer_key),
        ("stamper", stamper, stamper_key),
    ):
        keep_whole(temporary / f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))
        keep_whole(temporary / f"{name}.key.pem", _written(key))
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(temporary)


def _issue(
    subject: x509.Name, key: Key, issuer: x509.Name, issuer_key: Key, years: int, extensions: Sequence[Extension]
) -> x509.Certificate:
    moment = now()
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - BEFORE)
        .not_valid_after(moment + years * YEAR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _for_root() -> list[Extension]:
    return [(x509.BasicConstraints(ca=True, path_length=0), True), (_usage(key_cert_sign=True, crl_sign=True), True)]


def _for_signer() -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True, content_commitment=True), True),
        (x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
    ]


def _for_stamper() -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
    ]


def _usage(**wanted: bool) -> x509.KeyUsage:
    values = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)  # fmt: skip
    return x509.KeyUsage(**(values | wanted))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, str(settings.ONECITY_BASE_URL).partition("://")[2][:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _written(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(path: Path) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(_der(path))


def _key(path: Path) -> asn1_keys.PrivateKeyInfo:
    return asn1_keys.PrivateKeyInfo.load(_der(path))


def _der(path: Path) -> bytes:
    _label, _headers, data = asn1_pem.unarmor(path.read_bytes())
    return bytes(data)
