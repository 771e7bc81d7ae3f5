"""Names in a PDF whose objects must be unpacked before anything can be read, however a stranger spells them."""

import re
from typing import Final


def _spelt(name: str) -> bytes:
    """A pattern for a PDF name, whichever of its characters are written as #hh (ISO 32000-2, 7.3.5)."""
    return b"/" + b"".join(f"(?:{re.escape(letter)}|(?i:#{ord(letter):02x}))".encode() for letter in name)


COMPRESSED: Final = re.compile(_spelt("XRef") + b"|" + _spelt("ObjStm"))
"""Tables of objects that must be unpacked to be read at all: a small file could fill the memory."""
