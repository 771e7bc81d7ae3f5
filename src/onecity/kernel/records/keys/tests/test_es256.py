"""ES256 against the example of RFC 7515, and keys as they are stored and published."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto.jwk import JWK

from onecity.kernel.records.keys import es256
from onecity.kernel.records.keys.es256 import SoftwareKey

# RFC 7515, appendix A.3
JWK_A3 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
DATA_A3 = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
SIGNATURE_A3 = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"


def test_the_example_of_the_standard_verifies() -> None:
    assert es256.verify(JWK_A3, DATA_A3, es256.padded(SIGNATURE_A3))


def test_no_flipped_bit_verifies() -> None:
    signature = bytearray(es256.padded(SIGNATURE_A3))
    for place in range(0, len(signature), 7):
        wrong = bytes(signature[:place]) + bytes((signature[place] ^ 1,)) + bytes(signature[place + 1 :])
        assert not es256.verify(JWK_A3, DATA_A3, wrong)
    assert not es256.verify(JWK_A3, DATA_A3[:-1], bytes(signature))


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_nonsense_is_no_signature(signature: bytes) -> None:
    assert not es256.verify(JWK_A3, DATA_A3, signature)


def test_a_key_is_stored_signs_and_is_published_under_its_thumbprint() -> None:
    key = SoftwareKey.read(SoftwareKey.make().written())
    signature = key.sign(b"text")
    assert len(signature) == 64
    assert es256.verify(key.public_jwk, b"text", signature)
    assert key.kid == JWK(**key.public_jwk).thumbprint()
    assert es256.is_public_key(key.public_jwk)
    assert not es256.is_public_key(key.public_jwk | {"d": "AA"})


def test_another_curve_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    pem = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(TypeError, match="secp384r1"):
        SoftwareKey.read(pem)
    assert not es256.is_public_key({"kty": "EC", "crv": "P-384", "x": "", "y": ""})
    assert not es256.is_public_key({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})  # not on the curve
