"""Check what an endpoint asks for and seal it; afterwards only names and ends are shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypedDict

from runtime.core.webhooks import access, access_rules
from runtime.core.webhooks.access import ClientCertificate, Login, OAuth2
from runtime.core.webhooks.webhook import Sealed
from runtime.errors import BadInput


class AccessChanges(TypedDict, total=False):
    """What to set, in the clear; None removes it."""

    headers: Mapping[str, str]
    auth: Login | None
    client_certificate: ClientCertificate | None


class SealedChanges(TypedDict, total=False):
    """The same, as a webhook's record has it."""

    headers: Sealed | None
    auth: Sealed | None
    client_certificate: Sealed | None


class ReadCertificate(Protocol):
    """Reads client certificates."""

    def __call__(self, certificate: ClientCertificate, /) -> str:
        """When the certificate ends, ISO 8601; raises BadInput when it cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAccess:
    """Seals access settings. `check_url` refuses URLs that the egress guard would refuse."""

    seal: Callable[[str, str], str]
    check_url: Callable[[str], None]
    read_certificate: ReadCertificate

    def __call__(self, tenant: str, changes: AccessChanges) -> SealedChanges:
        """The changes, sealed.

        Raises:
            BadInput: naming the field and the fix, never the value.
        """
        sealed = SealedChanges()
        if "headers" in changes:
            sealed["headers"] = self._headers(tenant, changes["headers"])
        if "auth" in changes:
            sealed["auth"] = self._login(tenant, changes["auth"])
        if "client_certificate" in changes:
            sealed["client_certificate"] = self._certificate(tenant, changes["client_certificate"])
        return sealed

    def _headers(self, tenant: str, headers: Mapping[str, str]) -> Sealed | None:
        access_rules.check_headers(headers)
        if not headers:
            return None
        text = access.headers_text(headers)
        return Sealed(ciphertext=self.seal(tenant, text), shown=tuple(headers))

    def _login(self, tenant: str, login: Login | None) -> Sealed | None:
        if login is None:
            return None
        access_rules.check_login(login)
        if isinstance(login, OAuth2):
            self._check_token_url(login.token_url)
        return Sealed(
            ciphertext=self.seal(tenant, access.login_text(login)), shown=(login.kind.value,)
        )

    def _check_token_url(self, url: str) -> None:
        try:
            self.check_url(url)
        except BadInput as problem:
            raise BadInput(problem.message, field="auth.token_url", code=problem.code) from problem

    def _certificate(self, tenant: str, certificate: ClientCertificate | None) -> Sealed | None:
        if certificate is None:
            return None
        ends = self.read_certificate(certificate)
        text = access.certificate_text(certificate)
        return Sealed(ciphertext=self.seal(tenant, text), shown=(ends,))
