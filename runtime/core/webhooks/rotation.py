"""Changes a webhook's secrets without losing a request: old and new ones sign for a while."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from runtime.core import timestamps
from runtime.core.webhooks import signing
from runtime.core.webhooks.webhook import SealedSecret
from runtime.errors import Conflict

MAX_LIVE: Final = 10  # each adds a signature and some 90 bytes of header to every attempt


def rotate(
    secrets: Iterable[SealedSecret], new: SealedSecret, *, now: str, overlap_s: int
) -> tuple[SealedSecret, ...]:
    """The secrets after a rotation to `new`; older ones of its kind sign for `overlap_s` more.

    Secrets of the other kind stay as they are. Expired ones are dropped.

    Raises:
        Conflict: code `too_many_secrets`: too many rotations overlap.
    """
    end = timestamps.timestamp(timestamps.moment(now) + timedelta(seconds=overlap_s))
    older = [
        secret if secret.kind is not new.kind else _until(secret, end)
        for secret in signing.live_secrets(secrets, now=now)
    ]
    live = (new, *signing.live_secrets(older, now=now))
    if len(live) > MAX_LIVE:
        raise Conflict(
            f"{MAX_LIVE} secrets sign already; wait for one to expire, or rotate with overlap_s 0",
            code="too_many_secrets",
        )
    return live


def _until(secret: SealedSecret, end: str) -> SealedSecret:
    # A secret that ends sooner keeps its end: another rotation must not make it valid for longer.
    sooner = secret.expires_at is not None and secret.expires_at < end
    return secret if sooner else replace(secret, expires_at=end)
