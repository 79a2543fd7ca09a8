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
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
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
_SIGNED_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PAIR: Final = 2

Bytes = bytes | bytearray | memoryview
Secret = str | Bytes


@runtime_checkable
class HasItems(Protocol):
    """A mapping, or what is like one: `http.server` gives a message, which is no `Mapping`."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Names and values."""


# A name is text or bytes. A value is text, bytes or a whole number, or a list that holds one such
# value, or None for a header that was not sent.
Headers = HasItems | Iterable[Sequence[Any]]


class Rejected(Exception):
    """The request is not to be believed; whatever is wrong, this is the one error raised.

    Attributes:
        code: what is wrong with the request: missing_header, repeated_header, bad_id,
            bad_timestamp, too_old, too_new, wrong_signature or not_json; or with what the receiver
            itself has passed: bad_secret, bad_tolerance, bad_clock, bad_headers or bad_body.
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
            public_keys: a list of `whpk_…`, for senders that sign with a private key.
            tolerance_s: how far the sender's clock may be off.
            clock: the time, in epoch seconds.

        Raises:
            Rejected: `bad_secret`, also when there is none, or a key of the wrong kind;
                `bad_tolerance` or `bad_clock`.
            ImportError: there are public keys, and no `cryptography` to check with.
        """
        if isinstance(public_keys, str | Bytes) or not isinstance(public_keys, Iterable):
            raise Rejected("bad_secret", "public_keys is a list of texts")
        self._secrets = [_secret(secret) for secret in secrets]
        self._public_keys = [_public_key(key) for key in public_keys]
        if not self._secrets and not self._public_keys:
            raise Rejected("bad_secret", "give at least one secret or public key")
        if not _is_number(tolerance_s) or not tolerance_s >= 0:
            raise Rejected("bad_tolerance", "tolerance_s is a number of seconds, 0 or more")
        if not callable(clock):
            raise Rejected("bad_clock", "clock is a function that returns epoch seconds")
        self._tolerance_s = tolerance_s
        self._clock = clock

    def verify(self, *, body: Bytes | str, headers: Headers) -> Verified:
        """The request, if it is what its sender sent and not long ago.

        Args:
            body: exactly as received: decoding and encoding JSON again breaks the signature.
            headers: as a mapping or as pairs, in text or bytes; the case of names does not matter.

        Raises:
            Rejected: anything else.
        """
        signed_headers = _pick(headers)
        message_id, timestamp = signed_headers["webhook-id"], signed_headers["webhook-timestamp"]
        if not _ID.fullmatch(message_id):
            raise Rejected("bad_id", "webhook-id is not printable ASCII")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise Rejected("bad_timestamp", "webhook-timestamp is not whole seconds")
        raw = _raw(body)
        signed = f"{message_id}.{timestamp}.".encode() + raw
        self._check_signature(signed_headers["webhook-signature"], signed)
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
        now_s = self._clock()
        if not _is_number(now_s) or not math.isfinite(now_s):
            raise Rejected("bad_clock", "clock has not returned epoch seconds")
        age_s = now_s - timestamp
        if age_s > self._tolerance_s:
            raise Rejected("too_old", f"signed {age_s:.0f} s ago; the limit is {self._tolerance_s}")
        if -age_s > self._tolerance_s:
            raise Rejected("too_new", f"signed {-age_s:.0f} s ahead of this clock")


def _pick(headers: Headers) -> dict[str, str]:
    """The three headers; each exactly once, for two of one kind is a way to hide the other."""
    picked: dict[str, str] = {}
    for name, value in _pairs(headers):
        lowered = _text(name).lower() if isinstance(name, str | Bytes) else ""
        if lowered not in _SIGNED_HEADERS:
            continue
        if lowered in picked:
            raise Rejected("repeated_header", f"{lowered} occurs twice")
        picked[lowered] = _value(lowered, value)
    for name in _SIGNED_HEADERS:
        if not picked.get(name):
            raise Rejected("missing_header", f"{name} is missing")
    return picked


def _pairs(headers: Headers) -> Iterator[tuple[Any, Any]]:
    """Names and values, of a mapping and of a list of pairs alike."""
    try:
        entries = list(headers.items() if isinstance(headers, HasItems) else headers)
    except TypeError as problem:
        message = f"headers are a mapping or pairs, not {type(headers).__name__}"
        raise Rejected("bad_headers", message) from problem
    for entry in entries:
        if not isinstance(entry, tuple | list) or len(entry) != _PAIR:
            raise Rejected("bad_headers", "headers are a mapping, or pairs of name and value")
        yield entry[0], entry[1]


def _value(name: str, value: Any) -> str:
    """The text of a header; empty when it was not sent."""
    values = value if isinstance(value, tuple | list) else [value]
    if len(values) > 1:
        raise Rejected("repeated_header", f"{name} has {len(values)} values")
    if not values or values[0] is None:
        return ""
    try:
        return _text(values[0])
    except (TypeError, ValueError) as problem:
        message = f"{name} is no text, but {type(values[0]).__name__}"
        raise Rejected("bad_headers", message) from problem


def _text(value: Any) -> str:
    """What a header's name or value says.

    Raises:
        TypeError: it is neither text nor bytes nor a whole number.
        ValueError: it is a number with more digits than Python prints.
    """
    match value:
        case str():
            return value
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("latin-1")  # as WSGI and http.client read headers
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            raise TypeError


def _raw(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    # Nothing else: `bytes(5)` is five zeros, and of parsed JSON the signed bytes are lost.
    if not isinstance(body, Bytes):
        message = f"body is {type(body).__name__}, not the bytes that were received"
        raise Rejected("bad_body", message)
    return bytes(body)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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


def _secret(secret: object) -> bytes:
    # Nothing but text and bytes: `bytes(24)` is a key of zeros, by which anybody can sign.
    if not isinstance(secret, str | Bytes):
        raise Rejected("bad_secret", f"a secret is text or bytes, not {type(secret).__name__}")
    raw = _decode(secret.removeprefix("whsec_")) if isinstance(secret, str) else bytes(secret)
    if len(raw) < MIN_SECRET_BYTES:
        raise Rejected("bad_secret", f"a secret has at least {MIN_SECRET_BYTES} bytes")
    return raw


def _public_key(text: object) -> Any:
    # Imported here and not at the first `v1a`: what is missing shows at the start, not as a 500.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    encoded = text if isinstance(text, str) and text.startswith("whpk_") else ""
    raw = _decode(encoded.removeprefix("whpk_"))
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
