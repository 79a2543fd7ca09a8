"""What an endpoint may be registered with can be sent to it."""

from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.core.webhooks import access_rules
from runtime.core.webhooks.access import Basic, Bearer, Login, OAuth2
from runtime.egress.exchange import Request, check_headers
from runtime.egress.failures import EgressRefused
from runtime.egress.tokens import MAX_TOKEN_CHARS
from runtime.errors import BadInput

URL: Final = "https://hooks.example.com/"
PIECES: Final = st.sampled_from(
    ["x", "-", "amz", "amzn", "forwarded", "for", "proxy", "te", "trailer", "host", "content", "A"]
)
LONGEST: Final = access_rules.MAX_SECRET_CHARS


def sent(name: str, value: str) -> None:
    """Refused or not, as the sender does it.

    Raises:
        EgressRefused: it is.
    """
    check_headers(Request(method="POST", url=URL, headers=((name, value),)))


@given(st.lists(PIECES, max_size=5).map("".join) | st.text(max_size=80), st.text(max_size=80))
@example("x-amz", "a")
@example("x-amzing", "a")
@example("X" * 64, "a" * access_rules.MAX_HEADER_BYTES)
def test_a_header_that_may_be_registered_may_be_sent(name: str, value: str) -> None:
    """One that only the sender refuses would end each delivery, long after somebody wrote it."""
    try:
        access_rules.check_headers({name: value})
    except BadInput:
        return
    sent(name, value)


@pytest.mark.parametrize(
    "login",
    [
        Basic(username="u" * LONGEST, password="p" * LONGEST),
        Basic(username="u" * LONGEST, password="\U0001f98a" * LONGEST),
        Bearer(token="t" * LONGEST),
    ],
    ids=["basic", "a password of four bytes a letter", "bearer"],
)
def test_the_longest_login_that_may_be_registered_may_be_sent(login: Login) -> None:
    """An endpoint that takes it needs it."""
    access_rules.check_login(login)
    assert not isinstance(login, OAuth2)

    sent("authorization", login.authorization)


def test_the_longest_token_that_is_taken_may_be_sent() -> None:
    """Else the attempt would be refused for a header that nobody has written."""
    sent("authorization", "Bearer " + "t" * MAX_TOKEN_CHARS)


@pytest.mark.parametrize("name", ["X-Amz-Date", "x-amzn-trace-id", "X-AMZ-Foo"])
def test_what_aws_tells_its_servers_is_not_the_callers_to_set(name: str) -> None:
    """A gateway's word about a request is believed behind it."""
    with pytest.raises(EgressRefused) as refusal:
        sent(name, "a")

    assert refusal.value.code == "header_reserved"
