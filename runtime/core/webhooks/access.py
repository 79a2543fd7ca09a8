"""What an endpoint asks for besides a signature: headers, a login, a client certificate.

All of it is secret: it is stored sealed, never shown again, and cut out of what a receiver echoes.
`Sealed.shown` says what of it may be shown.
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
    """Client credentials that are exchanged for a token (RFC 6749 4.4)."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str | None = None  # None: the request names none
    audience: str | None = None  # likewise
    in_body: bool = False  # whether they go into the form, and not into a basic login

    @property
    def kind(self) -> LoginKind:
        """OAuth2."""
        return LoginKind.OAUTH2


Login = Basic | Bearer | OAuth2


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ClientCertificate:
    """The sender's certificate in the TLS handshake, its chain after it, and its key; both PEM."""

    certificate: str
    private_key: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Access:
    """Everything that one endpoint asks for."""

    headers: tuple[tuple[str, str], ...] = ()
    login: Login | None = None
    certificate: ClientCertificate | None = None

    def secrets(self) -> Iterator[str]:
        """Every text that no record may hold, even if the receiver echoes it."""
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
    """The access that was sealed as these texts; None of a text means that it has none."""
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
