"""Make a signing secret, or take the caller's own, and encrypt it."""

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
        """A text such as `whsec_…` (HMAC) or `whsk_…` (ed25519)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The signing secret that a caller asks for."""

    kind: KeyKind | None = None  # None for any kind that `own` has, or HMAC without `own`
    own: str | None = None  # the caller's own secret; None to have one made


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSecret:
    """A secret that was made or taken."""

    sealed: SealedSecret
    shown: str | None  # its text, to be shown once; None if it is not to be shown


class WithSecret(NamedTuple):
    """A stored webhook, and the text of the signing secret that was made for it."""

    webhook: Webhook
    # To be shown once. None if the caller brought it, or if only the sender needs it.
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSecret:
    """Makes secrets."""

    new_text: NewText
    seal: Callable[[str, str], str]  # encrypts for a tenant: (tenant, text)

    def __call__(
        self, tenant: str, *, wanted: Wanted, webhook_format: Format, now: str
    ) -> MadeSecret:
        """Make or take a secret for a webhook of this format.

        A private key is never shown, because nobody but the sender needs it.

        Raises:
            BadInput: the format cannot use the kind (code `bad_ed25519`), or `own` is malformed,
                too short, too long or of another kind (code `bad_secret`).
        """
        if wanted.kind is KeyKind.ED25519:
            formats.check_ed25519(webhook_format)
        text = wanted.own
        if text is None:
            text = self.new_text(wanted.kind or KeyKind.HMAC)
        public = signing.public_key(formats.key(webhook_format, text))
        kind = KeyKind.HMAC if public is None else KeyKind.ED25519
        if wanted.kind not in (None, kind):
            raise BadInput(f"is not an {wanted.kind} secret", field="secret", code="bad_secret")
        # Sealing asks KMS, so it comes after every check.
        sealed_secret = SealedSecret(
            ciphertext=self.seal(tenant, text), created_at=now, public_key=public
        )
        hidden = wanted.own is not None or kind is KeyKind.ED25519
        return MadeSecret(sealed=sealed_secret, shown=None if hidden else text)
