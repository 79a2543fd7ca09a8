"""Check that a webhook request comes from its sender: for receivers.

    from penstock.webhooks import Receiver, Rejected

    receiver = Receiver("whsec_...")
    try:
        event = receiver.verify(body=request.body, headers=request.headers).json()
    except Rejected as problem:
        return 401, problem.code

Works for any sender that follows Standard Webhooks: `v1`, and with `cryptography` installed `v1a`.
Else it needs nothing but the standard library; this file may be copied alone.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

TOLERANCE_S: Final = 300  # either way; a captured request is worthless after this
MIN_SECRET_BYTES: Final = 16  # the specification asks senders for 24; nobody real goes below this
MAX_SIGNATURES: Final = 32  # a rotation has a handful; more is an attempt to make us work
_TIMESTAMP: Final = re.compile(r"0|[1-9][0-9]{0,11}")
_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")
_DIGEST_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_KEY_BYTES: Final = 32

Secret = str | bytes


@runtime_checkable
class HasItems(Protocol):
    """A mapping, or what is like one: `http.server` gives a message, which is no `Mapping`."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and values."""


Headers = HasItems | Iterable[tuple[str, str]]


class Rejected(Exception):
    """The request is not to be believed; whatever is wrong, this is the one error raised.

    Attributes:
        code: bad_secret, missing_header, repeated_header, bad_id, bad_timestamp, too_old, too_new,
            wrong_signature or not_json.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Verified:
    """A request that its sender has signed. `id` is the same on every retry: dedupe on it."""

    id: str
    timestamp: int
    body: bytes

    def json(self) -> Any:
        """The body, decoded.

        Raises:
            Rejected: `not_json`.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as problem:
            raise Rejected("not_json", "the body is signed, but is not JSON") from problem


class Receiver:
    """Verifies requests with the secrets that it shares with their sender."""

    def __init__(
        self,
        *secrets: Secret,
        public_keys: Iterable[str] = (),
        tolerance_s: int = TOLERANCE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take every secret that may be in use, during a rotation the old and the new one.

        Args:
            *secrets: `whsec_…`, with or without the prefix, or raw bytes.
            public_keys: `whpk_…`, for senders that sign with a private key.
            tolerance_s: how far the sender's clock may be off.
            clock: the time, in epoch seconds.

        Raises:
            Rejected: `bad_secret`; also when there is none, or a key of the wrong kind.
            ImportError: there are public keys, and no `cryptography` to check with.
        """
        self._secrets = [_secret(secret) for secret in secrets]
        self._public_keys = [_public_key(key) for key in public_keys]
        if not self._secrets and not self._public_keys:
            raise Rejected("bad_secret", "give at least one secret or public key")
        self._tolerance_s = tolerance_s
        self._clock = clock

    def verify(self, *, body: bytes | str, headers: Headers) -> Verified:
        """The request, if it is what its sender sent and not long ago.

        Args:
            body: exactly as received: decoding and encoding JSON again breaks the signature.
            headers: as a mapping or as pairs; the case of names does not matter.

        Raises:
            Rejected: anything else.
        """
        found = _pick(headers)
        message_id, timestamp = found["webhook-id"], found["webhook-timestamp"]
        if not _ID.fullmatch(message_id):
            raise Rejected("bad_id", "webhook-id is not printable ASCII")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise Rejected("bad_timestamp", "webhook-timestamp is not whole seconds")
        raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
        signed = f"{message_id}.{timestamp}.".encode() + raw
        self._check_signature(found["webhook-signature"], signed)
        self._check_age(int(timestamp))
        return Verified(message_id, int(timestamp), raw)

    def _check_signature(self, header: str, signed: bytes) -> None:
        tokens = header.split(" ")
        if len(tokens) > MAX_SIGNATURES:
            raise Rejected("wrong_signature", "too many signatures")
        # Tokens of other versions, or of no version at all, are not ours to judge: skip them.
        symmetric = list(_tokens(tokens, "v1", _DIGEST_BYTES))
        if symmetric:
            for secret in self._secrets:
                digest = hmac.digest(secret, signed, hashlib.sha256)
                if any(hmac.compare_digest(digest, given) for given in symmetric):
                    return
        for given in _tokens(tokens, "v1a", _SIGNATURE_BYTES):
            if any(_is_signed_by(key, given, signed) for key in self._public_keys):
                return
        raise Rejected("wrong_signature", "no signature matches: wrong secret, or a changed body")

    def _check_age(self, timestamp: int) -> None:
        age_s = self._clock() - timestamp
        if age_s > self._tolerance_s:
            raise Rejected("too_old", f"signed {age_s:.0f} s ago; the limit is {self._tolerance_s}")
        if -age_s > self._tolerance_s:
            raise Rejected("too_new", f"signed {-age_s:.0f} s ahead of this clock")


def _pick(headers: Headers) -> dict[str, str]:
    """The three headers; each exactly once, for two of one kind is a way to hide the other."""
    wanted = ("webhook-id", "webhook-timestamp", "webhook-signature")
    found: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, HasItems) else headers:
        lowered = name.lower()
        if lowered in found:
            raise Rejected("repeated_header", f"{lowered} occurs twice")
        if lowered in wanted:
            found[lowered] = value
    for name in wanted:
        if not found.get(name):
            raise Rejected("missing_header", f"{name} is missing")
    return found


def _tokens(tokens: Iterable[str], version: str, length: int) -> Iterable[bytes]:
    for token in tokens:
        tag, comma, text = token.partition(",")
        if tag != version or not comma:
            continue
        try:
            signature = base64.b64decode(text.encode("ascii"), validate=True)
        except (UnicodeEncodeError, binascii.Error):
            continue
        if len(signature) == length and base64.b64encode(signature).decode() == text:
            yield signature


def _secret(secret: Secret) -> bytes:
    raw = _decode(secret.removeprefix("whsec_")) if isinstance(secret, str) else bytes(secret)
    if len(raw) < MIN_SECRET_BYTES:
        raise Rejected("bad_secret", f"a secret has at least {MIN_SECRET_BYTES} bytes")
    return raw


def _public_key(text: str) -> Any:
    # Imported here and not at the first `v1a`: what is missing shows at the start, not as a 500.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw = _decode(text.removeprefix("whpk_")) if text.startswith("whpk_") else b""
    if len(raw) != _KEY_BYTES:
        raise Rejected("bad_secret", "a public key is whpk_ and 32 bytes in base64")
    return Ed25519PublicKey.from_public_bytes(raw)


def _decode(text: str) -> bytes:
    # Not base64: `_` and `-`, so a key of another kind (`whpk_…`) cannot pass for a secret.
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error) as problem:
        raise Rejected("bad_secret", "a secret is whsec_ and base64") from problem


def _is_signed_by(key: Any, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
