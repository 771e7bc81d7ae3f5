"""ECDSA on P-256 with SHA-256 as JOSE writes it (RFC 7518, 3.4; RFC 7517; RFC 7638): software keys and their public halves."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ALGORITHM: Final = "ES256"
HALF: Final = 32
_ECDSA: Final = ec.ECDSA(hashes.SHA256())


class SoftwareKey:
    """An ES256 key in the memory of this process; its name is the thumbprint of its public half (RFC 7638)."""

    algorithm: Final = ALGORITHM

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(private.curve, ec.SECP256R1):
            raise TypeError(f"ES256 needs a key on P-256, not on {private.curve.name}")
        self._private = private
        self.public_jwk = jwk_of(private.public_key())
        self.kid = thumbprint(self.public_jwk)

    @classmethod
    def make(cls) -> "SoftwareKey":
        """A new random key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, pem: bytes) -> "SoftwareKey":
        """The key of a PKCS #8 file; raises ValueError where it is not one on P-256."""
        private = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("the file holds no key on an elliptic curve")
        return cls(private)

    def written(self) -> bytes:
        """PKCS #8 in PEM, not encrypted: whoever stores it guards it."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes) -> bytes:
        """r and s, 32 bytes each."""
        r, s = decode_dss_signature(self._private.sign(data, _ECDSA))
        return r.to_bytes(HALF, "big") + s.to_bytes(HALF, "big")


def verify(jwk: Mapping[str, object], data: bytes, signature: bytes) -> bool:
    """Whether the signature over `data` is by this public key; False for anything malformed."""
    if len(signature) != 2 * HALF:
        return False
    try:
        public = _public(jwk)
        r, s = (int.from_bytes(signature[a : a + HALF], "big") for a in (0, HALF))
        public.verify(encode_dss_signature(r, s), data, _ECDSA)
    except (InvalidSignature, ValueError):
        return False
    return True


def jwk_of(public: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The public key as a JSON web key (RFC 7517)."""
    numbers = public.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}


def thumbprint(jwk: Mapping[str, object]) -> str:
    """The SHA-256 thumbprint of a public key (RFC 7638); raises ValueError where it is no key on P-256."""
    members = {name: jwk.get(name) for name in ("crv", "kty", "x", "y")}
    if members["kty"] != "EC" or members["crv"] != "P-256":
        raise ValueError("not a public key on P-256")
    return unpadded(hashlib.sha256(text_of(members).encode()).digest())


def text_of(jwk: Mapping[str, object]) -> str:
    """A key as JSON in the form that thumbprints are taken of (RFC 7638, 3)."""
    return json.dumps(jwk, separators=(",", ":"), sort_keys=True)


def unpadded(data: bytes) -> str:
    """base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text: str) -> bytes:
    """The bytes of base64url without padding; raises ValueError where it is not written canonically."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if unpadded(data) != text:
        raise ValueError("not canonical base64url")  # otherwise one signature could be written in several ways
    return data


def is_public_key(jwk: Mapping[str, object]) -> bool:
    """Whether this is a public key on P-256 and holds no private part."""
    try:
        _public(jwk)
    except ValueError:
        return False
    return "d" not in jwk


def _public(jwk: Mapping[str, object]) -> ec.EllipticCurvePublicKey:
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("not a key on P-256")
    x, y = (int.from_bytes(padded(str(jwk.get(name, ""))), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _coordinate(number: int) -> str:
    return unpadded(number.to_bytes(HALF, "big"))
