"""Give a webhook a new signing secret; the old one signs on while receivers change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from runtime.core.timestamps import timestamp
from runtime.core.webhooks import rotation
from runtime.usecases.webhooks.make_secret import MakeSecret, Wanted, WithSecret
from runtime.usecases.webhooks.ports import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What a caller asks for."""

    overlap_s: int = rotation.DEFAULT_OVERLAP_S
    secret: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateSecret:
    """Rotates secrets."""

    webhooks: Webhooks
    make_secret: MakeSecret
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, webhook_id: str, *, wanted: Rotation) -> WithSecret:
        """The webhook as it is now, and the new secret's text where it is to be shown.

        From the next attempt on every live secret signs, retries of older deliveries included.

        Raises:
            BadInput: the overlap or the secret is refused; nothing has changed.
            NotFound: the tenant has no such webhook.
            Conflict: too many secrets overlap, or somebody else changed the webhook meanwhile.
        """
        rotation.check_overlap(wanted.overlap_s)
        old = self.webhooks.get(tenant, webhook_id)
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
