"""Two identifiers of Chinese administration with their check characters: the unified social credit code and the e-certificate identifier."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

# GB 32100-2015 (effective 2015-10-01): 31 characters, weights 3^i mod 31, the last of 18 characters checks the others
USCC_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_LENGTH: Final = 18
_USCC_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(USCC_LENGTH - 1))
_USCC_VALUE: Final = {letter: value for value, letter in enumerate(USCC_LETTERS)}

# GB/T 36904-2018 (effective 2019-01-01): the arc of e-certificates, then type, issuer, serial, version and check character
ROOT: Final = "1.2.156.3005.2"
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE: Final = {letter: value for value, letter in enumerate(_LETTERS)}
_TYPE: Final = re.compile(r"[0-9A-Z]{21}\Z")
_SERIAL: Final = re.compile(r"[0-9A-Z]{1,64}\Z")
_VERSION: Final = re.compile(r"[0-9]{3}\Z")
MOST_VERSIONS: Final = 999
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an identifier: a word for programs and a sentence for people."""

    code: str
    text: object


@dataclass(frozen=True, slots=True)
class CertificateNumber:
    """The parts of an e-certificate identifier (GB/T 36904)."""

    defining_uscc: str
    type_number: str
    issuer_uscc: str
    serial: str
    version: int

    def __str__(self) -> str:
        body = (f"{self.defining_uscc}{self.type_number}", self.issuer_uscc, self.serial, f"{self.version:03d}")
        return ".".join((ROOT, *body, check_character("".join(body))))


@dataclass(frozen=True, slots=True)
class Report:
    """What reading an identifier found: its parts where they could be read, and everything that is wrong with it."""

    number: CertificateNumber | None
    faults: tuple[Fault, ...]

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def uscc_check(first: str) -> str:
    """The 18th character of a unified social credit code from the 17 before it; raises ValueError for other letters."""
    if len(first) != USCC_LENGTH - 1 or any(letter not in _USCC_VALUE for letter in first):
        raise ValueError(f"{first!r} are not the first 17 characters of a unified social credit code")
    total = sum(_USCC_VALUE[letter] * weight for letter, weight in zip(first, _USCC_WEIGHTS, strict=True))
    return USCC_LETTERS[(31 - total % 31) % 31]


def uscc_faults(code: str) -> tuple[Fault, ...]:
    """What is wrong with a unified social credit code (GB 32100-2015); nothing where it is well formed and checks."""
    if len(code) != USCC_LENGTH:
        return (Fault("uscc-length", _("A unified social credit code has 18 characters.")),)
    if any(letter not in _USCC_VALUE for letter in code):
        return (
            Fault(
                "uscc-letters",
                _("A unified social credit code has digits and capital letters without I, O, S, V and Z."),
            ),
        )
    if uscc_check(code[:-1]) != code[-1]:
        return (
            Fault(
                "uscc-check",
                _(
                    "The check character of the unified social credit code does not fit: a character is wrong or two are swapped."
                ),
            ),
        )
    return ()


def is_uscc(code: str) -> bool:
    """Whether this is a unified social credit code with the right check character."""
    return not uscc_faults(code)


def check_character(text: str) -> str:
    """The check character of ISO 7064 MOD 37,36 over digits and capital letters; raises ValueError for others."""
    product = 36
    for letter in text:
        if letter not in _VALUE:
            raise ValueError(f"{letter!r} is neither a digit nor a capital letter")
        product = (product + _VALUE[letter]) % 36 or 36
        product = product * 2 % 37
    return _LETTERS[(37 - product) % 36]


def read(text: str) -> Report:
    """Read an e-certificate identifier as somebody typed or scanned it; never raises, says everything that is wrong."""
    plain = text.strip().upper().replace(" ", "")
    if len(plain) > LONGEST:
        return Report(None, (Fault("length", _("This is too long for a certificate number.")),))
    parts = plain.removeprefix(f"{ROOT}.").split(".")
    if not plain.startswith(f"{ROOT}."):
        return Report(None, (Fault("root", _("A certificate number begins with 1.2.156.3005.2.")),))
    if len(parts) != 5:
        return Report(
            None,
            (
                Fault(
                    "parts",
                    _(
                        "After 1.2.156.3005.2 a certificate number has five parts: type, issuer, serial number, version and check character."
                    ),
                ),
            ),
        )
    faults = tuple(_part_faults(parts))
    if faults:
        return Report(None, faults)
    type_code, issuer, serial, version, check = parts
    number = CertificateNumber(type_code[:18], type_code[18:], issuer, serial, int(version))
    wrong = [*uscc_faults(number.defining_uscc), *uscc_faults(number.issuer_uscc)]
    if check_character("".join(parts[:4])) != check:
        wrong.append(
            Fault(
                "check",
                _(
                    "The check character of the certificate number does not fit: a character is wrong or two are swapped."
                ),
            )
        )
    return Report(number, tuple(dict.fromkeys(wrong)))


def _part_faults(parts: list[str]) -> Iterable[Fault]:
    type_code, issuer, serial, version, check = parts
    if not _TYPE.match(type_code):
        yield Fault(
            "type",
            _(
                "The type in a certificate number has 21 characters: the code of the body that defines it and three more."
            ),
        )
    if len(issuer) != USCC_LENGTH:
        yield Fault("issuer", _("The issuer in a certificate number is a unified social credit code of 18 characters."))
    if not _SERIAL.match(serial):
        yield Fault("serial", _("The serial number of a certificate has digits and letters only."))
    if not _VERSION.match(version):
        yield Fault("version", _("The version in a certificate number has three digits."))
    if len(check) != 1 or check not in _VALUE:
        yield Fault("check-form", _("A certificate number ends with one check character."))


def parse(text: str) -> CertificateNumber:
    """The parts of a correct e-certificate identifier; raises ValueError with the words of everything that is wrong."""
    report = read(text)
    if report.number is None or not report.valid:
        raise ValueError(f"{text!r} is no certificate number: {', '.join(fault.code for fault in report.faults)}")
    return report.number
