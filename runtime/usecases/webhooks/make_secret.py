"""Make a signing secret, or take the caller's own; it is stored encrypted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from runtime.core.formats import formats
from runtime.core.webhooks import signing
from runtime.core.webhooks.webhook import Format, KeyKind, SealedSecret, Webhook
from runtime.errors import BadInput


class NewText(Protocol):
    """Makes the text of a new secret."""

    def __call__(self, kind: KeyKind, /) -> str:
        """`whsec_…` or `whsk_…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a caller asks for: a secret of this kind, or one of their `own`, whose form says it."""

    kind: KeyKind | None = None
    own: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSecret:
    """A sealed secret, and its text if its owner does not know it yet."""

    sealed: SealedSecret
    shown: str | None


class WithSecret(NamedTuple):
    """A stored webhook, and the text of the signing secret that was made for it."""

    webhook: Webhook
    # To be shown once; None when its owner has brought it, or nobody but the sender needs it.
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSecret:
    """Makes secrets."""

    new_text: NewText
    seal: Callable[[str, str], str]

    def __call__(
        self, tenant: str, *, wanted: Wanted, webhook_format: Format, now: str
    ) -> MadeSecret:
        """A secret for a webhook of this format.

        A private key is never shown, for nobody but the sender needs it.

        Raises:
            BadInput: `own` is no secret, too short or too long, or of another kind.
        """
        if wanted.kind is KeyKind.ED25519:
            formats.check_ed25519(webhook_format)
        text = wanted.own
        if text is None:
            text = self.new_text(wanted.kind or KeyKind.HMAC)
        public = signing.public_key(formats.key(webhook_format, text))
        kind = KeyKind.HMAC if public is None else KeyKind.ED25519
        if wanted.kind not in (None, kind):
            raise BadInput(f"is no {wanted.kind} secret", field="secret", code="bad_secret")
        # Sealing asks KMS, so it comes after every reason to refuse.
        sealed_secret = SealedSecret(
            ciphertext=self.seal(tenant, text), created_at=now, public_key=public
        )
        hidden = wanted.own is not None or kind is KeyKind.ED25519
        return MadeSecret(sealed=sealed_secret, shown=None if hidden else text)
