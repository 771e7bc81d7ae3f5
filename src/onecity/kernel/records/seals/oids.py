"""Object identifiers of the Chinese cryptographic standards (GB/T 33560-2017) and of the few others that seals use."""

from typing import Final

SM2_CURVE: Final = "1.2.156.10197.1.301"
SM3: Final = "1.2.156.10197.1.401"
SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
SM2_SIGNATURES: Final = frozenset({SM2_WITH_SM3, SM2_CURVE, "1.2.156.10197.1.301.1"})
"""What documents in the wild name where a signature by SM2 with SM3 is meant (the curve, and its signature use)."""
SHA256: Final = "2.16.840.1.101.3.4.2.1"
SHA1: Final = "1.3.14.3.2.26"
MD5: Final = "1.2.840.113549.2.5"

DIGESTS: Final = {SM3: "sm3", SHA256: "sha256", SHA1: "sha1", MD5: "md5"}
"""By identifier, under the names that OFD writes too; SHA-1 and MD5 are known in order to be refused by name."""
WEAK_DIGESTS: Final = frozenset({"sha1", "md5"})
