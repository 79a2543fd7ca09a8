"""A webhook: a subscription whose target is an HTTPS endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from runtime.core.pacing import schedule
from runtime.core.pacing.rate_limit import RateLimit

MAX_TIMEOUT_S: Final = 30  # one attempt holds a worker slot at most this long
DEFAULT_TIMEOUT_S: Final = 10


class Format(StrEnum):
    """How the request looks to the receiver."""

    STANDARD = "standard"
    KLAVIYO = "klaviyo"
    CLOUDEVENTS = "cloudevents"


class KeyKind(StrEnum):
    """How a secret signs."""

    HMAC = "hmac"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A signing secret as it rests: encrypted under the tenant's context, never in the clear.

    `expires_at` is ISO 8601; None for the secret in force, set while an older one still signs.
    `public_key` (`whpk_…`) is what receivers verify with when the secret is an ed25519 key.
    """

    ciphertext: str
    created_at: str
    expires_at: str | None = None
    public_key: str | None = None

    @property
    def kind(self) -> KeyKind:
        """Whether receivers share it, or know only its public half."""
        return KeyKind.HMAC if self.public_key is None else KeyKind.ED25519


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A secret setting as it rests; `shown` is what anybody may know of it."""

    ciphertext: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One endpoint of one tenant and what it wants to hear.

    `topics` are exact names or prefixes such as `message.email.*`; `filter` is an EventBridge
    event pattern over the envelope; `transform` names a function; `retry_schedule_s` None means
    the default schedule. `handshake`: the receiver was asked whether it wants our requests.
    `headers`, `auth` and `client_certificate` are what it asks for besides a signature.
    `switched_at` is when it was last switched on or off. `rate_limit` and
    `max_concurrency` (attempts at the same time) hold back what is too much, and drop nothing.
    """

    id: str
    tenant: str
    name: str
    url: str
    topics: tuple[str, ...]
    created_at: str
    filter: Mapping[str, Any] | None = None
    transform: str | None = None
    format: Format = Format.STANDARD
    handshake: bool = False
    enabled: bool = True
    disabled_reason: str | None = None
    switched_at: str | None = None
    secrets: tuple[SealedSecret, ...] = ()
    retry_schedule_s: tuple[int, ...] | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S
    headers: Sealed | None = None
    auth: Sealed | None = None
    client_certificate: Sealed | None = None
    rate_limit: RateLimit | None = None
    max_concurrency: int | None = None

    @property
    def header_names(self) -> tuple[str, ...]:
        """The names of the headers that it asks for."""
        return () if self.headers is None else self.headers.shown

    @property
    def auth_kind(self) -> str | None:
        """How we log in."""
        return None if self.auth is None else self.auth.shown[0]

    @property
    def certificate_expires_at(self) -> str | None:
        """When the client certificate ends."""
        return None if self.client_certificate is None else self.client_certificate.shown[0]

    @property
    def signing_keys(self) -> tuple[SealedSecret, ...]:
        """The secrets under the name that the API gives to what may be shown of them."""
        return self.secrets

    @property
    def schedule_s(self) -> Sequence[int]:
        """The delays after the first, second, … attempt."""
        own = self.retry_schedule_s
        return schedule.DEFAULT_SCHEDULE_S if own is None else own
