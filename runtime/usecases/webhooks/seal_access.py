"""Check and seal what an endpoint requires besides a signature.

Afterwards only the names of headers, the kind of login and the certificate's end are shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypedDict

from runtime.core.webhooks import access, access_rules
from runtime.core.webhooks.access import ClientCertificate, Login, OAuth2
from runtime.core.webhooks.webhook import Sealed
from runtime.errors import BadInput


class AccessChanges(TypedDict, total=False):
    """The access settings to change, in the clear. None removes one."""

    headers: Mapping[str, str]
    auth: Login | None
    client_certificate: ClientCertificate | None


class SealedChanges(TypedDict, total=False):
    """The same changes, as a webhook's record has them."""

    headers: Sealed | None
    auth: Sealed | None
    client_certificate: Sealed | None


class ReadCertificate(Protocol):
    """Reads client certificates."""

    def __call__(self, certificate: ClientCertificate, /) -> str:
        """When the certificate ends, ISO 8601.

        Raises:
            BadInput: the certificate cannot be used.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAccess:
    """Seals access settings."""

    seal: Callable[[str, str], str]  # encrypts for a tenant: (tenant, text)
    check_url: Callable[[str], None]  # raises BadInput for a URL that the egress guard refuses
    read_certificate: ReadCertificate

    def __call__(self, tenant: str, changes: AccessChanges) -> SealedChanges:
        """Check and seal the changes.

        Raises:
            BadInput: a setting is refused; the error names the field and the fix, never the value.
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
