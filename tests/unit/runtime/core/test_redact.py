"""What is kept of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.redact import EXCERPT_CHARS, excerpt


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRETSECRET",
        '{"authorization": "Basic SECRETSECRET"}',
        "got bearer SECRETSECRET from you",
        "secret whsec_SECRETSECRETSECRET",
        "key psk_SECRETSECRETSECRET",
        '{"api_key":"SECRETSECRET"}',
        "password=SECRETSECRET&x=1",
        "Set-Cookie: SECRETSECRET",
        '{"access_token": "SECRETSECRET"}',
        "webhook-signature: v1," + "SECRET" * 8,
    ],
)
def test_secrets_that_a_receiver_echoes_are_not_kept(text: str) -> None:
    """Error pages print the request they got, and people share logs."""
    assert "SECRET" not in excerpt(text.encode())


def test_what_helps_to_find_the_fault_is_kept() -> None:
    """Redaction that eats the message is no help."""
    assert excerpt(b'{"error":"no such order","code":17}') == '{"error":"no such order","code":17}'


@given(st.binary(max_size=10_000))
def test_any_bytes_become_bounded_text(data: bytes) -> None:
    """The excerpt is stored: it must be text, short, and storable."""
    text = excerpt(data)

    assert len(text) <= EXCERPT_CHARS
    assert isinstance(text.encode(), bytes)
    assert "\0" not in text

