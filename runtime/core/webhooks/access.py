"""What an endpoint asks for besides a signature: headers, a login, a client certificate.

All of it is secret: it rests sealed, is never shown again, and is cut out of whatever a receiver
echoes. What may be shown is what `Sealed.shown` holds.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class LoginKind(StrEnum):
    """How the sender says who it is."""

    BASIC = "basic"
    BEARER = "bearer"
    OAUTH2 = "oauth2"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Basic:
    """User name and password."""

    username: str
    password: str

    @property
    def kind(self) -> LoginKind:
        """Basic."""
        return LoginKind.BASIC

    @property
    def authorization(self) -> str:
        """The header's value."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Bearer:
    """A token that does not change."""

    token: str

    @property
    def kind(self) -> LoginKind:
        """Bearer."""
        return LoginKind.BEARER

    @property
    def authorization(self) -> str:
        """The header's value."""
        return f"Bearer {self.token}"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class OAuth2:
    """Client credentials, exchanged for a token that is used until it ends.

    `in_body`: the token endpoint takes them as form fields, not as a basic login.
    """

    token_url: str
    client_id: str
    client_secret: str
    scope: str | None = None
    audience: str | None = None
    in_body: bool = False

    @property
    def kind(self) -> LoginKind:
        """OAuth2."""
        return LoginKind.OAUTH2


Login = Basic | Bearer | OAuth2


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ClientCertificate:
    """What the sender shows in the TLS handshake; both PEM, the chain after the certificate."""

    certificate: str
    private_key: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Access:
    """All that one endpoint asks for."""

    headers: tuple[tuple[str, str], ...] = ()
    login: Login | None = None
    certificate: ClientCertificate | None = None

    def secrets(self) -> Iterator[str]:
        """Every text that must not be repeated, wherever it comes back from."""
        yield from (value for _, value in self.headers)
        match self.login:
            case Basic(password=password) as login:
                yield password
                yield login.authorization.removeprefix("Basic ")
            case Bearer(token=token):
                yield token
            case OAuth2(client_secret=secret):
                yield secret
            case None:
                return


def headers_text(headers: Mapping[str, str]) -> str:
    """Headers as they are sealed."""
    return json.dumps(dict(headers))


def login_text(login: Login) -> str:
    """A login as it is sealed."""
    return json.dumps({"kind": login.kind, **asdict(login)})


def certificate_text(certificate: ClientCertificate) -> str:
    """A client certificate as it is sealed."""
    return json.dumps(asdict(certificate))


def parse(*, headers: str | None, login: str | None, certificate: str | None) -> Access:
    """What was sealed, from its texts."""
    return Access(
        headers=tuple(json.loads(headers).items()) if headers else (),
        login=_login(json.loads(login)) if login else None,
        certificate=ClientCertificate(**json.loads(certificate)) if certificate else None,
    )


def _login(raw: dict[str, Any]) -> Login:
    kind = LoginKind(raw.pop("kind"))
    match kind:
        case LoginKind.BASIC:
            return Basic(**raw)
        case LoginKind.BEARER:
            return Bearer(**raw)
        case LoginKind.OAUTH2:
            return OAuth2(**raw)
