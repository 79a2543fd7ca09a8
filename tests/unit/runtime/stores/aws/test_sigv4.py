"""Our signature is the one that AWS's own library makes."""

from datetime import UTC, datetime

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from runtime.stores.aws.sigv4 import Identity, Scope, sign

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001 - made aware below


@given(
    body=st.binary(max_size=300),
    target=PRINTABLE,
    keys=st.tuples(PRINTABLE, PRINTABLE, st.none() | PRINTABLE),
    moment=MOMENTS,
)
def test_a_signature_is_that_of_botocore(
    body: bytes, target: str, keys: tuple[str, str, str | None], moment: datetime
) -> None:
    """AWS refuses any other."""
    now = moment.replace(tzinfo=UTC)
    headers = {"host": "dynamodb.eu-west-1.amazonaws.com", "x-amz-target": target}
    theirs = AWSRequest("POST", "https://dynamodb.eu-west-1.amazonaws.com/", dict(headers), body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: now.replace(tzinfo=None))
        auth.SigV4Auth(Credentials(*keys), "dynamodb", "eu-west-1").add_auth(theirs)

    ours = sign(
        body,
        headers,
        identity=Identity(access_key=keys[0], secret_key=keys[1], token=keys[2]),
        scope=Scope(service="dynamodb", region="eu-west-1"),
        now=now,
    )

    assert theirs.headers["Authorization"] == ours["authorization"]
    assert theirs.headers["X-Amz-Date"] == ours["x-amz-date"]
    assert theirs.headers.get("X-Amz-Security-Token") == ours.get("x-amz-security-token")


def test_an_identity_does_not_show_its_keys() -> None:
    """Tracebacks and logs print what they hold."""
    shown = repr(Identity(access_key="AKIA", secret_key="s3cr3t", token="t0k3n"))

    assert "s3cr3t" not in shown
    assert "t0k3n" not in shown
