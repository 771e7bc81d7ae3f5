"""Personal data as they are shown to those who need not know them: enough to tell two people apart, no more."""

import re

PHONE_SHOWN = 7
# also with the letter that ends some identity numbers, and with the gaps that people write
NUMBERS = re.compile(r"(?<![\d-])\d(?:[ -]?\d){6,}[Xx]?")


def person(name: str, phone: str) -> str:
    """Name and telephone number masked, either may be missing: 王小明, 13812345678 → 王** 138****5678."""
    return " ".join(part for part in (masked_name(name), masked_phone(phone)) if part)


def masked_name(name: str) -> str:
    """The first character and a star for each other one; of a name in Latin letters the first letter of each word."""
    words = name.split()
    if not words:
        return ""
    if name.isascii():
        return " ".join(f"{word[0]}***" for word in words)
    whole = "".join(words)
    return whole[0] + "*" * max(1, len(whole) - 1)


def masked_phone(phone: str) -> str:
    """The first three and last four digits; a number too short to hide anything is hidden whole."""
    digits = "".join(c for c in phone if c.isdigit())
    if len(digits) <= PHONE_SHOWN:
        return "*" * len(digits)
    return f"{digits[:3]}{'*' * (len(digits) - PHONE_SHOWN)}{digits[-4:]}"


def masked_text(text: str) -> str:
    """A sentence with every telephone or identity number in it masked: digits, seven or more together."""
    return NUMBERS.sub(lambda found: masked_phone(found[0]), text)
