"""Secrets at rest: sealed under a tenant's data key, which only KMS can unwrap.

A sealed text is `v1.<wrapped data key>.<nonce>.<ciphertext>`, each base64. The tenant is the
encryption context of the data key and the associated data of the seal, so a secret copied into
another tenant's record does not open there.
"""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runtime.errors import Permanent
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from types_boto3_kms.client import KMSClient

VERSION: Final = "v1"
NONCE_BYTES: Final = 12  # AES-GCM's own
MAX_CACHED_KEYS: Final = 1000  # some 100 KB; a warm environment then asks KMS once a tenant
MAX_SEALS_PER_KEY: Final = 1_000_000  # far below 2^32, where random nonces start to collide


class Unsealable(Permanent):
    """The secret was not sealed for this tenant, or has been altered."""

    code = "unsealable"


@dataclass(slots=True)
class _Sealing:
    wrapped: str
    cipher: "AESGCM"
    used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Seals and opens secrets. Data keys are in memory only; each costs one call of KMS."""

    client: "KMSClient"
    key_id: str
    random: Callable[[int], bytes]
    _sealing: dict[str, _Sealing] = field(default_factory=dict)
    _ciphers: "OrderedDict[tuple[str, str], AESGCM]" = field(default_factory=OrderedDict)
    # Tenant and wrapped data key → the same data key, wrapped anew by this process.
    _wrapped_anew: dict[tuple[str, str], str] = field(default_factory=dict)

    def seal(self, tenant: str, secret: str) -> str:
        """The secret in the form in which it may be stored.

        Raises:
            Transient: KMS does not answer.
        """
        key = self._sealing_key(tenant)
        nonce = self.random(NONCE_BYTES)
        sealed = key.cipher.encrypt(nonce, secret.encode(), tenant.encode())
        return ".".join((VERSION, key.wrapped, _encode(nonce), _encode(sealed)))

    def open(self, tenant: str, sealed: str) -> str:
        """The secret.

        Raises:
            Unsealable: sealed for another tenant, or altered.
            Transient: KMS does not answer.
        """
        from cryptography.exceptions import InvalidTag

        _, *parts = _parts(sealed)
        try:
            cipher = self._opening_key(tenant, parts[0])
            nonce, text = _decode(parts[1]), _decode(parts[2])
            return cipher.decrypt(nonce, text, tenant.encode()).decode()
        except (InvalidTag, ValueError) as problem:
            raise Unsealable("sealed for another tenant, or altered") from problem

    def rewrap(self, tenant: str, sealed: str) -> str:
        """The same sealed text with its data key wrapped anew, under KMS's newest material.

        Nothing is in the clear here: KMS unwraps and wraps. Each data key is asked for once, so
        texts that have shared one go on sharing it.

        Raises:
            Unsealable: sealed for another tenant, or altered.
            Transient: KMS does not answer.
        """
        version, wrapped, *text = _parts(sealed)
        if (tenant, wrapped) not in self._wrapped_anew:
            context = {"tenant": tenant}
            with aws.faults("wrap a data key anew"), _unsealable(self.client):
                answer = self.client.re_encrypt(
                    CiphertextBlob=_decode(wrapped),
                    SourceEncryptionContext=context,
                    SourceKeyId=self.key_id,
                    DestinationEncryptionContext=context,
                    DestinationKeyId=self.key_id,
                )
            anew = _encode(answer["CiphertextBlob"])
            self._wrapped_anew[tenant, wrapped] = self._wrapped_anew[tenant, anew] = anew
        return ".".join((version, self._wrapped_anew[tenant, wrapped], *text))

    def _sealing_key(self, tenant: str) -> _Sealing:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._sealing.get(tenant)
        if key is None or key.used >= MAX_SEALS_PER_KEY:
            with aws.faults("make a data key"):
                data_key = self.client.generate_data_key(
                    KeyId=self.key_id, KeySpec="AES_256", EncryptionContext={"tenant": tenant}
                )
            key = _Sealing(_encode(data_key["CiphertextBlob"]), AESGCM(data_key["Plaintext"]))
            self._sealing[tenant] = key
        key.used += 1
        return key

    def _opening_key(self, tenant: str, wrapped: str) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = self._ciphers.get((tenant, wrapped))
        if cipher is None:
            with aws.faults("unwrap a data key"):
                plain = self._unwrap(tenant, wrapped)
            cipher = self._ciphers[tenant, wrapped] = AESGCM(plain)
            while len(self._ciphers) > MAX_CACHED_KEYS:
                self._ciphers.popitem(last=False)
        return cipher

    def _unwrap(self, tenant: str, wrapped: str) -> bytes:
        with _unsealable(self.client):
            return self.client.decrypt(
                KeyId=self.key_id,
                CiphertextBlob=_decode(wrapped),
                EncryptionContext={"tenant": tenant},
            )["Plaintext"]


def _parts(sealed: str) -> list[str]:
    """The version, the wrapped data key, the nonce and the ciphertext."""
    parts = sealed.split(".")
    if parts[0] != VERSION or len(parts) != 4:  # noqa: PLR2004 - the four that are named
        raise Unsealable("this is not a sealed secret")
    return parts


@contextmanager
def _unsealable(client: "KMSClient") -> Iterator[None]:
    try:
        yield
    except client.exceptions.InvalidCiphertextException as problem:
        raise Unsealable("sealed for another tenant, or altered") from problem


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text)
    except binascii.Error as problem:
        raise Unsealable("this is not a sealed secret") from problem
