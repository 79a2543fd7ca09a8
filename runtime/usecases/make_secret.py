"""Make a signing secret, or take the caller's own; it rests encrypted from then on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from runtime.core import signing
from runtime.core.webhook import KeyKind, SealedSecret
from runtime.errors import BadInput


class NewText(Protocol):
    """Makes the text of a new secret."""

    def __call__(self, kind: KeyKind, /) -> str:
        """`whsec_…` or `whsk_…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSecret:
    """A secret as it rests, and its text where its owner does not know it yet."""

    sealed: SealedSecret
    shown: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSecret:
    """Makes secrets."""

    new_text: NewText
    seal: Callable[[str, str], str]

    def __call__(
        self, tenant: str, *, now: str, kind: KeyKind | None = None, own: str | None = None
    ) -> MadeSecret:
        """A secret of this kind: made here, or `own`, whose prefix says its kind.

        A private key is never shown, for nobody but the sender needs it.

        Raises:
            BadInput: `own` is no secret, too short or too long, or of another kind.
        """
        text = own if own is not None else self.new_text(kind or KeyKind.HMAC)
        public = signing.public_key(text)
        sealed = SealedSecret(ciphertext="", created_at=now, public_key=public)
        if kind is not None and sealed.kind is not kind:
            raise BadInput(f"is no secret of kind {kind}", field="secret", code="bad_secret")
        # Sealing asks KMS, so it comes after every reason to refuse.
        sealed = SealedSecret(ciphertext=self.seal(tenant, text), created_at=now, public_key=public)
        hidden = own is not None or sealed.kind is KeyKind.ED25519
        return MadeSecret(sealed=sealed, shown=None if hidden else text)
