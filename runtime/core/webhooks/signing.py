"""Standard Webhooks signatures: the `webhook-signature` header and the keys that make it.

`v1` is HMAC-SHA256 with a shared secret (`whsec_…`); `v1a` is ed25519 with a private key
(`whsk_…`). Every live secret signs, so that a receiver may change to a new secret when it likes.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.core import timestamps
from runtime.core.webhooks.webhook import SealedSecret
from runtime.errors import BadInput

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the mark of a secret, not one
PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"
MIN_SECRET_BYTES: Final = 24  # this and the next are the specification's
MAX_SECRET_BYTES: Final = 64
NEW_SECRET_BYTES: Final = 32
SEED_BYTES: Final = 32  # an ed25519 private key is a seed, with or without its public half
_PAIR_BYTES: Final = 64


@dataclass(frozen=True, slots=True, repr=False)
class SharedKey:
    """A secret that sender and receiver share."""

    secret: bytes

    def token(self, message: bytes) -> str:
        """The `v1` signature of `message`."""
        digest = hmac.digest(self.secret, message, hashlib.sha256)
        return f"v1,{base64.b64encode(digest).decode()}"


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A key that only the sender has; receivers verify with its public half."""

    seed: bytes  # 32 bytes: the private half
    # The public half as the key's text gave it, not yet compared with the seed; empty if the text
    # gave none.
    named_half: bytes = b""

    def token(self, message: bytes) -> str:
        """The `v1a` signature of `message`."""
        # Imported here because it takes 10 MB, which only endpoints with asymmetric keys need.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return f"v1a,{base64.b64encode(signature).decode()}"


Key = SharedKey | PrivateKey


def new_secret(dice: bytes) -> str:
    """The text form of a new shared secret, made of the random bytes `dice`.

    Raises:
        BadInput: code `bad_secret`: they are too few or too many.
    """
    _check_length(dice)
    return SECRET_PREFIX + base64.b64encode(dice).decode()


def new_private_key(dice: bytes) -> str:
    """The text form of a new ed25519 key with both halves, made of the random bytes `dice`.

    Raises:
        BadInput: code `bad_secret`: there are not 32 of them.
    """
    if len(dice) != SEED_BYTES:
        raise _bad(f"a seed has {SEED_BYTES} bytes")
    return PRIVATE_PREFIX + base64.b64encode(dice + _public_half(dice)).decode()


def public_key(key: Key) -> str | None:
    """The key that receivers verify with, `whpk_…`; None for a shared secret, which has none.

    Raises:
        BadInput: code `bad_secret`: the two halves of a private key do not belong together.
    """
    if isinstance(key, SharedKey):
        return None
    half = _public_half(key.seed)
    if key.named_half and key.named_half != half:
        raise _bad("the public half does not belong to the private one")
    return PUBLIC_PREFIX + base64.b64encode(half).decode()


def parse_key(text: str) -> Key:
    """Read a key from its text form, `whsec_…` or `whsk_…`.

    Raises:
        BadInput: code `bad_secret`. Its message never shows the text.
    """
    if text.startswith(SECRET_PREFIX):
        secret = _decode(text.removeprefix(SECRET_PREFIX))
        _check_length(secret)
        return SharedKey(secret)
    if text.startswith(PRIVATE_PREFIX):
        pair = _decode(text.removeprefix(PRIVATE_PREFIX))
        if len(pair) not in (SEED_BYTES, _PAIR_BYTES):
            raise _bad("a private key has 32 or 64 bytes")
        return PrivateKey(pair[:SEED_BYTES], pair[SEED_BYTES:])
    raise _bad(f"must begin with {SECRET_PREFIX} or {PRIVATE_PREFIX}")


def headers(
    keys: Sequence[Key], body: bytes, *, message_id: str, at_s: int
) -> tuple[tuple[str, str], ...]:
    """The three headers that say who sent `body`, and when.

    Args:
        keys: every live key, the newest first; all of them sign.
        body: the exact bytes that will be sent.
        message_id: the same on every attempt, so that receivers can recognise a repeat.
        at_s: the time of this attempt, in epoch seconds.

    Raises:
        BadInput: there is no key, or the id or the time would make the signed text ambiguous.
    """
    if not keys:
        raise _bad("there is no secret to sign with")
    if not message_id or "." in message_id or not message_id.isascii():
        raise BadInput("must be ASCII without a dot", field="webhook-id", code="bad_id")
    if type(at_s) is not int or at_s < 0:
        raise BadInput("must be whole seconds", field="webhook-timestamp", code="bad_time")
    signed = f"{message_id}.{at_s}.".encode() + body
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(at_s)),
        ("webhook-signature", " ".join(key.token(signed) for key in keys)),
    )


def live_secrets(secrets: Iterable[SealedSecret], *, now: str) -> tuple[SealedSecret, ...]:
    """The secrets that sign at `now` (ISO 8601), the newest first."""
    moment = timestamps.moment(now)
    live = [
        secret
        for secret in secrets
        if secret.expires_at is None or timestamps.moment(secret.expires_at) > moment
    ]
    return tuple(sorted(live, key=lambda secret: secret.created_at, reverse=True))


def _public_half(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise _bad("is not base64") from problem


def _check_length(secret: bytes) -> None:
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        raise _bad(f"a secret has {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes")


def _bad(rule: str) -> BadInput:
    return BadInput(rule, field="secret", code="bad_secret")
