"""A webhook: a subscription whose target is an HTTPS endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from runtime.core import preconditions
from runtime.core.matching.trigger import Trigger
from runtime.core.pacing import schedule
from runtime.core.pacing.rate_limit import RateLimit

MAX_TIMEOUT_S: Final = 30  # one attempt occupies a worker for at most this long
DEFAULT_TIMEOUT_S: Final = 10


class Format(StrEnum):
    """The shape of the requests that a receiver gets."""

    STANDARD = "standard"
    KLAVIYO = "klaviyo"
    CLOUDEVENTS = "cloudevents"


class KeyKind(StrEnum):
    """How a secret signs."""

    HMAC = "hmac"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A signing secret, encrypted for its tenant."""

    ciphertext: str
    created_at: str  # ISO 8601
    expires_at: str | None = None  # ISO 8601; None while it is the newest of its kind
    public_key: str | None = None  # `whpk_…` of an ed25519 key; None for a shared secret

    @property
    def kind(self) -> KeyKind:
        """HMAC if receivers share the secret, ED25519 if they know only its public half."""
        return KeyKind.HMAC if self.public_key is None else KeyKind.ED25519


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A secret setting, encrypted for its tenant."""

    ciphertext: str
    shown: tuple[str, ...]  # the parts that may be shown, such as the names of headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One endpoint of one tenant, and the events that it gets."""

    id: str
    tenant: str
    name: str  # for people
    url: str
    topics: tuple[str, ...]  # exact names, or prefixes such as `message.email.*`
    created_at: str  # ISO 8601
    filter: Mapping[str, Any] | None = None  # an event pattern; None takes every event
    transform: str | None = None  # the function that makes the body; None for the plain body
    format: Format = Format.STANDARD
    handshake: bool = False  # whether the receiver was asked if it wants our requests
    enabled: bool = True
    disabled_reason: str | None = None  # a code such as `paused`; None while it is enabled
    switched_at: str | None = None  # ISO 8601; None if it was never switched on or off
    secrets: tuple[SealedSecret, ...] = ()  # that sign; expired ones stay until the next rotation
    # The delay in seconds before each retry; None for the default schedule.
    retry_schedule_s: tuple[int, ...] | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S  # for one attempt as a whole
    # What the endpoint requires besides a signature; None for nothing.
    headers: Sealed | None = None
    auth: Sealed | None = None
    client_certificate: Sealed | None = None
    # A limit puts deliveries off and drops none; None for no limit.
    rate_limit: RateLimit | None = None
    max_concurrency: int | None = None  # attempts at the same time

    @property
    def etag(self) -> str:
        """The ETag of the webhook as it stands."""
        return preconditions.etag(self)

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """What it takes: always one trigger."""
        return (Trigger(topics=self.topics, filter=self.filter),)

    @property
    def header_names(self) -> tuple[str, ...]:
        """The names of the headers that the endpoint requires."""
        return () if self.headers is None else self.headers.shown

    @property
    def auth_kind(self) -> str | None:
        """The kind of login; None without one."""
        return None if self.auth is None else self.auth.shown[0]

    @property
    def certificate_expires_at(self) -> str | None:
        """When the client certificate ends, ISO 8601; None without one."""
        return None if self.client_certificate is None else self.client_certificate.shown[0]

    @property
    def signing_keys(self) -> tuple[SealedSecret, ...]:
        """The secrets, under the name that the API uses for the parts that it shows."""
        return self.secrets

    @property
    def schedule_s(self) -> Sequence[int]:
        """The delays in seconds after the first, second, … attempt."""
        own = self.retry_schedule_s
        return schedule.DEFAULT_SCHEDULE_S if own is None else own
