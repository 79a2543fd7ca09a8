"""What an endpoint asks for besides a signature, as callers write it; no answer ever shows it.

Most fields of these models are secrets, so `repr` does not show them, and no error repeats a value.
"""

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Request
from functions._misfits import judged_by
from runtime.core.webhooks import access_rules
from runtime.core.webhooks.access import Basic, Bearer, ClientCertificate, Login, OAuth2
from runtime.usecases.webhooks.seal_access import AccessChanges


class BasicIn(Request):
    """User name and password."""

    kind: Literal["basic"]
    username: fields.UserName = Field(repr=False)
    password: fields.Password = Field(repr=False)

    def login(self) -> Login:
        """The login as the use cases take it."""
        return Basic(username=self.username, password=self.password)


class BearerIn(Request):
    """A token that does not change."""

    kind: Literal["bearer"]
    token: fields.Token = Field(repr=False)

    def login(self) -> Login:
        """The login as the use cases take it."""
        return Bearer(token=self.token)


class OAuth2In(Request):
    """OAuth 2 client credentials. A token is used until it expires, and replaced after a 401."""

    kind: Literal["oauth2"]
    token_url: fields.Url = Field(description="under the same rules as a webhook's `url`")
    client_id: fields.HeaderText
    client_secret: fields.HeaderText = Field(repr=False)
    scope: fields.HeaderText | None = None
    audience: fields.HeaderText | None = None
    client_auth: Literal["header", "body"] = Field(
        default="header", description="how the token endpoint takes the credentials"
    )

    def login(self) -> Login:
        """The login as the use cases take it."""
        return OAuth2(
            token_url=self.token_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
            scope=self.scope,
            audience=self.audience,
            in_body=self.client_auth == "body",
        )


class CertificateIn(Request):
    """A client certificate for mutual TLS; both PEM, the key without a password."""

    certificate: str = Field(repr=False, description="with its chain")
    private_key: str = Field(repr=False)


AuthIn = Annotated[
    BasicIn | BearerIn | OAuth2In,
    Field(discriminator="kind"),
    judged_by(lambda auth: access_rules.check_login(auth.login())),
]


class AccessIn(Request):
    """What the endpoint asks for; stored encrypted and never shown again."""

    headers: fields.Headers = Field(
        default={},
        repr=False,
        description="sent with every request; names that the sender itself uses are refused",
    )
    auth: AuthIn | None = Field(default=None, description="how to log in")
    client_certificate: CertificateIn | None = Field(default=None, description="for mutual TLS")


ACCESS_FIELDS = frozenset(AccessIn.model_fields)


def access_of(body: AccessIn) -> AccessChanges:
    """The settings that the caller named, as the use cases take them; others stay as they are."""
    settings: dict[str, Any] = {
        "headers": body.headers,
        "auth": None if body.auth is None else body.auth.login(),
        "client_certificate": _certificate(body.client_certificate),
    }
    names = body.model_fields_set & ACCESS_FIELDS
    return cast("AccessChanges", {name: settings[name] for name in names})


def _certificate(body: CertificateIn | None) -> ClientCertificate | None:
    if body is None:
        return None
    return ClientCertificate(certificate=body.certificate, private_key=body.private_key)
