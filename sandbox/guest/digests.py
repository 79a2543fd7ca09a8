"""`hashlib.pbkdf2_hmac` on top of `hmac`. CPython takes it from OpenSSL, which is not here."""

from __future__ import annotations

import hashlib
import hmac

from .places import put


def pbkdf2_hmac(
    hash_name: str, password: bytes, salt: bytes, iterations: int, dklen: int | None = None
) -> bytes:
    """A key of `dklen` bytes, made from a password by PBKDF2 (RFC 8018, section 5.2).

    Raises:
        TypeError: `hash_name` is no text.
        ValueError: `iterations` or `dklen` is below one, or there is no such hash.
    """
    if not isinstance(hash_name, str):
        raise TypeError(f"pbkdf2_hmac() argument 'hash_name' must be str, not {hash_name!r}")
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    start = hmac.new(bytes(password), digestmod=hash_name)
    key_bytes = start.digest_size if dklen is None else dklen
    if key_bytes < 1:
        raise ValueError("key length must be greater than 0.")
    key = b""
    for number in range(1, -(-key_bytes // start.digest_size) + 1):
        block = _mac(start, bytes(salt) + number.to_bytes(4))
        mix = int.from_bytes(block)
        for _ in range(iterations - 1):
            block = _mac(start, block)
            mix ^= int.from_bytes(block)
        key += mix.to_bytes(start.digest_size)
    return key[:key_bytes]


def _mac(start: hmac.HMAC, data: bytes) -> bytes:
    mac = start.copy()
    mac.update(data)
    return mac.digest()


def install() -> None:
    """Add it to hashlib."""
    pbkdf2_hmac.__module__ = "hashlib"
    put(hashlib, pbkdf2_hmac=pbkdf2_hmac)
