"""A session with the credentials of another role, which are fetched anew before they expire."""

from typing import Any, Final

import botocore.session
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)

# The same for every process: AWS shows a statement of the Data API only to callers with the role
# and the session name of the one that sent it.
SESSION_NAME: Final = "penstock"


class _Assumed(CredentialProvider):
    METHOD = "assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> Any:
        """Credentials that call STS when they are first used, and again before they expire."""
        return DeferredRefreshableCredentials(
            refresh_using=self._fetcher.fetch_credentials, method=self.METHOD
        )


def session_as(
    role_arn: str, *, caller: botocore.session.Session, external_id: str | None = None
) -> botocore.session.Session:
    """A session in the name of a role.

    Args:
        role_arn: the role.
        caller: the session of who assumes it.
        external_id: what a role of another account asks for, so that nobody else has us assume it;
            None for a role of ours.
    """
    named = {} if external_id is None else {"ExternalId": external_id}
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=caller.create_client,
        source_credentials=caller.get_credentials(),
        role_arn=role_arn,
        extra_args={"RoleSessionName": SESSION_NAME, **named},
    )
    session = botocore.session.Session()
    resolver = CredentialResolver(providers=[_Assumed(fetcher)])
    session.register_component("credential_provider", resolver)
    return session
