"""`hashlib.pbkdf2_hmac`, which CPython has from OpenSSL alone; here over its own HMAC."""

from __future__ import annotations

import hashlib
import hmac

from .places import put


def pbkdf2_hmac(
    hash_name: str, password: bytes, salt: bytes, iterations: int, dklen: int | None = None
) -> bytes:
    """A key of `dklen` bytes from a password (RFC 8018)."""
    if not isinstance(hash_name, str):
        raise TypeError(f"pbkdf2_hmac() argument 'hash_name' must be str, not {hash_name!r}")
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    start = hmac.new(bytes(password), digestmod=hash_name)
    wanted = start.digest_size if dklen is None else dklen
    if wanted < 1:
        raise ValueError("key length must be greater than 0.")
    key = b""
    for number in range(1, -(-wanted // start.digest_size) + 1):
        block = _mac(start, bytes(salt) + number.to_bytes(4))
        mixed = int.from_bytes(block)
        for _ in range(iterations - 1):
            block = _mac(start, block)
            mixed ^= int.from_bytes(block)
        key += mixed.to_bytes(start.digest_size)
    return key[:wanted]


def _mac(start: hmac.HMAC, data: bytes) -> bytes:
    one = start.copy()
    one.update(data)
    return one.digest()


def install() -> None:
    """Put it in its place."""
    pbkdf2_hmac.__module__ = "hashlib"
    put(hashlib, pbkdf2_hmac=pbkdf2_hmac)
