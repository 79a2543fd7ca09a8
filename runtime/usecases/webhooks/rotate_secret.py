"""Give a webhook a new signing secret. The old one still signs while receivers change over."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from runtime.core import overlap
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.core.webhooks import rotation
from runtime.usecases.webhooks.make_secret import MakeSecret, Wanted, WithSecret
from runtime.usecases.webhooks.ports import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The rotation that a caller asks for."""

    overlap_s: int = overlap.DEFAULT_S  # how long the old secrets still sign
    secret: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateSecret:
    """Rotates secrets."""

    webhooks: Webhooks
    make_secret: MakeSecret
    clock: Callable[[], datetime]

    def __call__(
        self, tenant: str, webhook_id: str, *, wanted: Rotation, if_match: IfMatch = ANY
    ) -> WithSecret:
        """Rotate the secret; returns the changed webhook, and the new secret's text if to be shown.

        Every live secret signs from the next attempt on, also when older deliveries are retried.

        Raises:
            BadInput: the overlap or the secret is refused, and nothing changed.
            NotFound: the tenant has no such webhook.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: too many secrets overlap, or somebody else changed the webhook meanwhile.
        """
        overlap.check(wanted.overlap_s)
        old = self.webhooks.get(tenant, webhook_id)
        if_match.check(old.etag)
        now = timestamp(self.clock())
        new_secret = self.make_secret(
            tenant, wanted=wanted.secret, webhook_format=old.format, now=now
        )
        secrets = rotation.rotate(
            old.secrets, new_secret.sealed, now=now, overlap_s=wanted.overlap_s
        )
        webhook = replace(old, secrets=secrets)
        self.webhooks.replace(old, webhook)
        return WithSecret(webhook, new_secret.shown)
