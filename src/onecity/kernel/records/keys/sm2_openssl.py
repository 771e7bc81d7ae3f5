"""SM2 signatures (GB/T 32918.2-2016) with SM3 by the system's OpenSSL, because Python's own cryptography has no SM2.

A thin ctypes binding of the EVP interface. Every return code is looked at, every handle is freed by its owner, and a
machine whose OpenSSL is older than 3 or was built without SM2 is told so once and clearly (`Sm2Unavailable`); nothing falls
back to a slower or weaker implementation. Signatures are DER SEQUENCE { r, s } (GM/T 0009), public keys
SubjectPublicKeyInfo in DER, private keys PKCS#8 in PEM.
"""

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ubyte, c_ulong, c_void_p
from functools import cache
from typing import Final

DEFAULT_ID: Final = b"1234567812345678"
"""The signer's distinguishing identifier that GM/T 0009 uses when none was agreed."""
LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.3.dylib")
OLDEST: Final = 0x3000_0000

# name: (result, arguments); the subset of OpenSSL 3's EVP, BIO and ERR interfaces that is used here
_PROTOTYPES: Final[dict[str, tuple[object, list[object]]]] = {
    "OpenSSL_version_num": (c_ulong, []),
    "ERR_get_error": (c_ulong, []),
    "ERR_clear_error": (None, []),
    "ERR_error_string_n": (None, [c_ulong, c_char_p, c_size_t]),
    "EVP_sm3": (c_void_p, []),
    "EVP_PKEY_CTX_new_from_name": (c_void_p, [c_void_p, c_char_p, c_char_p]),
    "EVP_PKEY_CTX_new": (c_void_p, [c_void_p, c_void_p]),
    "EVP_PKEY_CTX_free": (None, [c_void_p]),
    "EVP_PKEY_CTX_set1_id": (c_int, [c_void_p, c_char_p, c_int]),
    "EVP_PKEY_keygen_init": (c_int, [c_void_p]),
    "EVP_PKEY_generate": (c_int, [c_void_p, POINTER(c_void_p)]),
    "EVP_PKEY_is_a": (c_int, [c_void_p, c_char_p]),
    "EVP_PKEY_free": (None, [c_void_p]),
    "EVP_PKEY_up_ref": (c_int, [c_void_p]),
    "EVP_MD_CTX_new": (c_void_p, []),
    "EVP_MD_CTX_free": (None, [c_void_p]),
    "EVP_MD_CTX_set_pkey_ctx": (None, [c_void_p, c_void_p]),
    "EVP_DigestSignInit": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestSign": (c_int, [c_void_p, POINTER(c_ubyte), POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_DigestVerifyInit": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestVerify": (c_int, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "BIO_new": (c_void_p, [c_void_p]),
    "BIO_s_secmem": (c_void_p, []),
    "BIO_new_mem_buf": (c_void_p, [c_void_p, c_int]),
    "BIO_free": (c_int, [c_void_p]),
    "BIO_read": (c_int, [c_void_p, c_void_p, c_int]),
    "BIO_ctrl": (c_long, [c_void_p, c_int, c_long, c_void_p]),
    "PEM_read_bio_PrivateKey": (c_void_p, [c_void_p, c_void_p, c_void_p, c_void_p]),
    "PEM_write_bio_PrivateKey": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_int, c_void_p, c_void_p]),
    "i2d_PUBKEY": (c_int, [c_void_p, POINTER(c_void_p)]),
    "d2i_PUBKEY": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "CRYPTO_free": (None, [c_void_p, c_char_p, c_int]),
}
_BIO_CTRL_PENDING: Final = 10


class Sm2Unavailable(RuntimeError):  # noqa: N818 - a state of the machine, named as the pages name it
    """This machine's OpenSSL cannot do SM2: no seal can be made or verified here until one that can is installed."""


class Sm2Error(RuntimeError):
    """OpenSSL refused a call; the text says which and why."""


@cache
def _library() -> ctypes.CDLL:
    """The machine's libcrypto with its prototypes set; raises Sm2Unavailable, which is tried again on the next call."""
    library = _load()
    missing = [name for name in _PROTOTYPES if not hasattr(library, name)]
    if missing:
        raise Sm2Unavailable(f"this machine's OpenSSL lacks {', '.join(missing)}; install OpenSSL 3 with SM2")
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    if library.OpenSSL_version_num() < OLDEST:
        raise Sm2Unavailable("this machine's OpenSSL is older than 3.0; install OpenSSL 3 with SM2")
    context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    if not context:
        library.ERR_clear_error()
        raise Sm2Unavailable("this machine's OpenSSL was built without SM2; install one that has it")
    library.EVP_PKEY_CTX_free(context)
    return library


def _load() -> ctypes.CDLL:
    for name in (*LIBRARIES, ctypes.util.find_library("crypto")):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
    raise Sm2Unavailable("no OpenSSL was found on this machine; install OpenSSL 3 with SM2")


def why_unavailable() -> str:
    """Empty when SM2 works here, else the reason in English for the operator."""
    try:
        _library()
    except Sm2Unavailable as reason:
        return str(reason)
    return ""


class PublicKey:
    """An SM2 public key that verifies; made from SubjectPublicKeyInfo in DER."""

    def __init__(self, info: bytes) -> None:
        library = _library()
        start = c_char_p(info)
        handle = library.d2i_PUBKEY(None, byref(start), len(info))
        if not handle:
            raise Sm2Error(_reason(library, "d2i_PUBKEY"))
        if library.EVP_PKEY_is_a(handle, b"SM2") != 1:
            library.EVP_PKEY_free(handle)
            raise Sm2Error("the key is no SM2 key")
        self._library = library
        self._handle = handle

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.EVP_PKEY_free(self._handle)

    def verify(self, data: bytes, signature: bytes, identifier: bytes = DEFAULT_ID) -> bool:
        """Whether `signature` (DER) is this key's over `data`; a signature that is no DER is just not valid."""
        library = self._library
        with _digest_context(library, self._handle, identifier) as context:
            _check(library, library.EVP_DigestVerifyInit(context, None, library.EVP_sm3(), None, self._handle))
            code: int = library.EVP_DigestVerify(context, signature, len(signature), data, len(data))
            library.ERR_clear_error()
            return code == 1

    @property
    def info(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        library = self._library
        out = c_void_p()
        length = library.i2d_PUBKEY(self._handle, byref(out))
        if length <= 0:
            raise Sm2Error(_reason(library, "i2d_PUBKEY"))
        try:
            return ctypes.string_at(out.value or 0, length)
        finally:
            library.CRYPTO_free(out, b"", 0)


class PrivateKey(PublicKey):
    """An SM2 private key; its number lives in OpenSSL's memory only, which clears it when the key is freed."""

    def __init__(self, handle: int) -> None:
        self._library = _library()
        self._handle = handle

    @classmethod
    def generate(cls) -> "PrivateKey":
        """A new key from OpenSSL's random generator."""
        library = _library()
        context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        if not context:
            raise Sm2Error(_reason(library, "EVP_PKEY_CTX_new_from_name"))
        try:
            handle = c_void_p()
            _check(library, library.EVP_PKEY_keygen_init(context))
            _check(library, library.EVP_PKEY_generate(context, byref(handle)))
            return cls(handle.value or 0)
        finally:
            library.EVP_PKEY_CTX_free(context)

    @classmethod
    def from_pem(cls, pem: bytearray) -> "PrivateKey":
        """Read PKCS#8; `pem` is overwritten with zeros afterwards, whatever the outcome."""
        library = _library()
        try:
            buffer = (c_ubyte * len(pem)).from_buffer(pem)
            bio = library.BIO_new_mem_buf(buffer, len(pem))
            if not bio:
                raise Sm2Error(_reason(library, "BIO_new_mem_buf"))
            try:
                handle = library.PEM_read_bio_PrivateKey(bio, None, None, c_char_p(b""))
            finally:
                library.BIO_free(bio)
        finally:
            pem[:] = bytes(len(pem))
        if not handle:
            raise Sm2Error(_reason(library, "PEM_read_bio_PrivateKey"))
        if library.EVP_PKEY_is_a(handle, b"SM2") != 1:
            library.EVP_PKEY_free(handle)
            raise Sm2Error("the key is no SM2 key")
        return cls(handle)

    def to_pem(self) -> bytearray:
        """PKCS#8, not encrypted; the caller overwrites it when it is written."""
        library = self._library
        bio = library.BIO_new(library.BIO_s_secmem())
        if not bio:
            raise Sm2Error(_reason(library, "BIO_new"))
        try:
            _check(library, library.PEM_write_bio_PrivateKey(bio, self._handle, None, None, 0, None, None))
            pem = bytearray(library.BIO_ctrl(bio, _BIO_CTRL_PENDING, 0, None))
            buffer = (c_ubyte * len(pem)).from_buffer(pem)
            if library.BIO_read(bio, buffer, len(pem)) != len(pem):
                raise Sm2Error(_reason(library, "BIO_read"))
            return pem
        finally:
            library.BIO_free(bio)

    def sign(self, data: bytes, identifier: bytes = DEFAULT_ID) -> bytes:
        """The DER signature over SM3(Z ‖ data)."""
        library = self._library
        with _digest_context(library, self._handle, identifier) as context:
            _check(library, library.EVP_DigestSignInit(context, None, library.EVP_sm3(), None, self._handle))
            length = c_size_t()
            _check(library, library.EVP_DigestSign(context, None, byref(length), data, len(data)))
            buffer = (c_ubyte * length.value)()
            _check(library, library.EVP_DigestSign(context, buffer, byref(length), data, len(data)))
            return bytes(buffer[: length.value])


@contextmanager
def _digest_context(library: ctypes.CDLL, key: int, identifier: bytes) -> Iterator[int]:
    """A digest context whose key context knows the signer's identifier; OpenSSL wants that before the Init call."""
    digest = library.EVP_MD_CTX_new()
    context = library.EVP_PKEY_CTX_new(key, None)
    try:
        if not digest or not context:
            raise Sm2Error(_reason(library, "EVP_MD_CTX_new"))
        _check(library, library.EVP_PKEY_CTX_set1_id(context, identifier, len(identifier)))
        library.EVP_MD_CTX_set_pkey_ctx(digest, context)
        yield digest
    finally:  # the digest context does not own the key context (set_pkey_ctx): both are ours to free
        library.EVP_MD_CTX_free(digest)
        library.EVP_PKEY_CTX_free(context)


def _check(library: ctypes.CDLL, code: int) -> None:
    if code != 1:
        raise Sm2Error(_reason(library, "a call"))


def _reason(library: ctypes.CDLL, call: str) -> str:
    buffer = ctypes.create_string_buffer(256)
    library.ERR_error_string_n(library.ERR_get_error(), buffer, len(buffer))
    library.ERR_clear_error()
    return f"OpenSSL refused {call}: {buffer.value.decode(errors='replace')}"
