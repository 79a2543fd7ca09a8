"""What an endpoint requires besides a signature: headers, a login, a client certificate.

All of it is secret. It is stored sealed, it is never shown again, and it is cut out of what a
receiver echoes. `Sealed.shown` has the parts that may be shown.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class LoginKind(StrEnum):
    """How the sender proves who it is."""

    BASIC = "basic"
    BEARER = "bearer"
    OAUTH2 = "oauth2"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Basic:
    """A user name and a password (RFC 7617)."""

    username: str
    password: str

    @property
    def kind(self) -> LoginKind:
        """The kind of this login."""
        return LoginKind.BASIC

    @property
    def authorization(self) -> str:
        """The header's value."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Bearer:
    """A token that does not change (RFC 6750)."""

    token: str

    @property
    def kind(self) -> LoginKind:
        """The kind of this login."""
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
    scope: str | None = None  # None leaves it out of the token request
    audience: str | None = None  # None leaves it out, too
    # Whether id and secret are sent in the form; else they are sent as a basic login.
    in_body: bool = False

    @property
    def kind(self) -> LoginKind:
        """The kind of this login."""
        return LoginKind.OAUTH2


Login = Basic | Bearer | OAuth2


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ClientCertificate:
    """What the sender shows and signs with in the TLS handshake."""

    certificate: str  # PEM: the sender's own, then its chain
    private_key: str  # PEM


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Access:
    """Everything that one endpoint requires besides a signature."""

    headers: tuple[tuple[str, str], ...] = ()  # names and values
    login: Login | None = None  # None for an endpoint without a login
    certificate: ClientCertificate | None = None  # None for an endpoint that requires none

    def secrets(self) -> Iterator[str]:
        """Every text that no record may contain, even if the receiver echoes it."""
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
    """The text of headers, ready to be sealed."""
    return json.dumps(dict(headers))


def login_text(login: Login) -> str:
    """The text of a login, ready to be sealed."""
    return json.dumps({"kind": login.kind, **asdict(login)})


def certificate_text(certificate: ClientCertificate) -> str:
    """The text of a client certificate, ready to be sealed."""
    return json.dumps(asdict(certificate))


def parse(*, headers: str | None, login: str | None, certificate: str | None) -> Access:
    """Read the access that was sealed as these texts; None for a part that it does not have."""
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
