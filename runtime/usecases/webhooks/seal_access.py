"""Check what an endpoint asks for, and seal it; from then on only its outline is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypedDict

from runtime.core.webhooks import access, access_rules
from runtime.core.webhooks.access import ClientCertificate, Login, OAuth2
from runtime.core.webhooks.webhook import Sealed
from runtime.errors import BadInput


class AccessChanges(TypedDict, total=False):
    """What to set, in the clear; None takes it away."""

    headers: Mapping[str, str]
    auth: Login | None
    client_certificate: ClientCertificate | None


class SealedChanges(TypedDict, total=False):
    """The same, as it rests in a webhook."""

    headers: Sealed | None
    auth: Sealed | None
    client_certificate: Sealed | None


class ReadCertificate(Protocol):
    """Reads client certificates."""

    def __call__(self, certificate: ClientCertificate, /) -> str:
        """When it ends, ISO 8601; raises BadInput when nobody could use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAccess:
    """Seals; `check_url` is the egress rules', for token endpoints are reached like receivers."""

    seal: Callable[[str, str], str]
    check_url: Callable[[str], None]
    read_certificate: ReadCertificate

    def __call__(self, tenant: str, given: AccessChanges) -> SealedChanges:
        """What was given, sealed.

        Raises:
            BadInput: naming the field and the fix, never the value.
        """
        sealed = SealedChanges()
        if "headers" in given:
            sealed["headers"] = self._headers(tenant, given["headers"])
        if "auth" in given:
            sealed["auth"] = self._login(tenant, given["auth"])
        if "client_certificate" in given:
            sealed["client_certificate"] = self._certificate(tenant, given["client_certificate"])
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
