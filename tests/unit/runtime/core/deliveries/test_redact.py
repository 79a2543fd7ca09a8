"""What is kept of an answer."""

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.deliveries.redact import EXCERPT_CHARS, cut, excerpt, secrets_of_url


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
        "Authorization: Token SECRETSECRET",
        'authorization: Digest username="me", response="SECRETSECRET"',
        '{"authorization": "AWS4-HMAC-SHA256 Credential=a, Signature=SECRETSECRET"}',
        '["authorization: Token SECRETSECRET"]',
        "Cookie: a=1; session=SECRETSECRET",
        '{"password": "two \\"words\\" SECRETSECRET"}',
        "{'api_key': 'two, words SECRETSECRET'}",
        "webhook-signature: v1," + "SECRET" * 8,
    ],
)
def test_secrets_that_a_receiver_echoes_are_not_kept(text: str) -> None:
    """Error pages print the request they got, and people share logs."""
    assert "SECRET" not in excerpt(text.encode())


def test_what_helps_to_find_the_fault_is_kept() -> None:
    """Redaction that eats the message is no help."""
    other = '{"authorization": null, "error": "no such order"}'
    assert excerpt(other.encode()) == other
    assert excerpt(b'{"error":"no such order","code":17}') == '{"error":"no such order","code":17}'


@given(st.binary(max_size=10_000))
def test_any_bytes_become_bounded_text(data: bytes) -> None:
    """The excerpt is stored: it must be text, short, and storable."""
    text = excerpt(data)

    assert len(text) <= EXCERPT_CHARS
    assert isinstance(text.encode(), bytes)
    assert "\0" not in text


@given(
    st.text(min_size=6).filter(lambda secret: secret[:6] not in "[redacted]"),
    st.integers(0, 5000),
    st.integers(0, 40),
)
def test_the_beginning_of_a_secret_at_the_end_of_a_cut_answer_goes_too(
    secret: str, before: int, lost: int
) -> None:
    """We stop reading at 16 KiB, whatever stands there."""
    whole = b"." * before + secret.encode(errors="replace")
    kept = whole[: len(whole) - lost]

    assert secret[:6].encode(errors="replace") not in cut(kept, [secret]) or secret[0] == "."


@given(
    st.text("aZ7_-.~", max_size=9),
    st.text("aZ7_-.~/+=&%\"'<>\\ é☃", min_size=6, max_size=9),
    st.sampled_from([str, json.dumps, html.escape, quote, quote_plus]),
    st.integers(0, 20),
)
def test_a_secret_goes_whatever_it_begins_with_and_however_it_is_written(
    plain: str, rest: str, write: Callable[[str], str], lost: int
) -> None:
    """What saves the search for secrets that cannot be there must not save it for one that is."""
    secret = plain + rest
    echo = json.dumps(secret)[1:-1] if write is json.dumps else write(secret)
    kept = echo.encode()[: max(6, len(echo.encode()) - lost)]

    assert kept not in cut(b"# " + kept, [secret])


def test_what_lets_us_in_by_url_alone_is_known() -> None:
    """Words are not: an excerpt without the word `orders` is no help."""
    url = "https://hooks.example.com/orders/T024BE7LHB00T0KEN?sig=a%2Fb-secret==&kind=orders&odd-flag-x"

    found = set(secrets_of_url(url))

    assert found == {"T024BE7LHB00T0KEN", "a%2Fb-secret==", "a/b-secret==", "odd-flag-x"}
