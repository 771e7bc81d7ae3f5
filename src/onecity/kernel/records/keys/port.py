"""What a key that signs can do, wherever it lives: in a file of this installation today, in a state-certified device later."""

from typing import Protocol


class SigningKey(Protocol):
    """A private key that is used and never seen."""

    @property
    def kid(self) -> str:
        """The name under which the public half is published."""
        ...

    @property
    def algorithm(self) -> str:
        """What it signs with: "ES256" (RFC 7518, 3.4), "SM2"."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The signature over `data` in the form of its algorithm: r and s of 32 bytes each (ES256)."""
        ...
