"""Signatures that receivers' own libraries accept."""

from dataclasses import replace

import pytest
from standardwebhooks import Webhook as ReferenceVerifier

from runtime.core.webhooks import signing
from runtime.core.webhooks.webhook import SealedSecret
from runtime.errors import BadInput
from tests import vectors
from tests.vectors import PRIVATE_KEY, PUBLIC_KEY, SECRET_A, VECTORS, Vector


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_signature_is_what_other_libraries_compute(vector: Vector) -> None:
    """A receiver verifies with somebody else's code."""
    keys = [signing.parse_key(secret) for secret in vector.secrets]

    headers = signing.headers(keys, vector.body, message_id=vector.id, at_s=vector.at_s)

    assert headers == (
        ("webhook-id", vector.id),
        ("webhook-timestamp", str(vector.at_s)),
        ("webhook-signature", vector.signature),
    )


def test_a_new_secret_signs_what_the_reference_library_accepts() -> None:
    """The secret that the API hands out must work in a verifier we did not write."""
    from datetime import UTC, datetime

    secret = signing.new_secret(bytes(range(32)))
    now_s = int(datetime.now(UTC).timestamp())

    headers = signing.headers(
        [signing.parse_key(secret)], b'{"a":1}', message_id="dlv_1", at_s=now_s
    )

    assert ReferenceVerifier(secret).verify(b'{"a":1}', dict(headers)) == {"a": 1}


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "w",
        "whsec_",
        "whsec_%",
        "whsec_wronglength",
        "whsec_" + "A" * 31,  # 23 bytes
        "whsec_" + "A" * 88,  # 66 bytes
        "hwsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        vectors.PUBLIC_KEY,
        vectors.PRIVATE_KEY[:-10],
        "whsk_6Xb/dCcHpPea21PS1N9VY",
    ],
)
def test_a_malformed_secret_is_refused_without_being_repeated(secret: str) -> None:
    """A secret in an error message is a secret in a log."""
    with pytest.raises(BadInput) as refusal:
        signing.parse_key(secret)

    assert refusal.value.code == "bad_secret"
    assert len(secret) < 7 or secret not in refusal.value.message


@pytest.mark.parametrize("size", [23, 65])
def test_a_new_secret_has_24_to_64_bytes(size: int) -> None:
    """The bounds of the specification; a short key is a weak one."""
    with pytest.raises(BadInput):
        signing.new_secret(bytes(size))


@pytest.mark.parametrize("size", [24, 64])
def test_the_shortest_and_the_longest_secret_sign(size: int) -> None:
    """Bounds that are one off lock somebody out."""
    key = signing.parse_key(signing.new_secret(bytes(range(size))))

    assert key == signing.SharedKey(bytes(range(size)))


@pytest.mark.parametrize("message_id", ["", "a.b", "zoë"])
def test_an_id_that_makes_the_signed_text_ambiguous_is_refused(message_id: str) -> None:
    """`a.1` + `2.x` and `a` + `1.2.x` would share a signature."""
    key = signing.parse_key(vectors.SECRET_A)

    with pytest.raises(BadInput):
        signing.headers([key], b"", message_id=message_id, at_s=1)


@pytest.mark.parametrize("at_s", [1.5, -1, "1614265330", True])
def test_a_time_that_is_not_whole_seconds_is_refused(at_s: object) -> None:
    """Receivers parse digits and nothing else."""
    key = signing.parse_key(vectors.SECRET_A)

    with pytest.raises(BadInput):
        signing.headers([key], b"", message_id="m", at_s=at_s)  # type: ignore[arg-type]


def test_nothing_is_sent_unsigned() -> None:
    """A webhook without a live secret is a fault, not an unsigned request."""
    with pytest.raises(BadInput):
        signing.headers([], b"", message_id="m", at_s=1)


def test_every_live_secret_signs_and_an_expired_one_does_not() -> None:
    """Rotation has an overlap, and an end."""
    new = SealedSecret(ciphertext="new", created_at="2026-02-01T00:00:00.000Z")
    old = SealedSecret(
        ciphertext="old",
        created_at="2026-01-01T00:00:00.000Z",
        expires_at="2026-02-02T00:00:00.000Z",
    )
    older = replace(old, ciphertext="older", expires_at="2026-01-15T00:00:00.000Z")

    overlap = signing.live_secrets((older, old, new), now="2026-02-01T12:00:00.000Z")
    after = signing.live_secrets((older, old, new), now="2026-02-02T00:00:00.000Z")

    assert overlap == (new, old)
    assert after == (new,)


def test_a_key_never_shows_its_bytes() -> None:
    """A traceback with locals must not print the secret."""
    shown = repr(signing.parse_key(vectors.SECRET_A)) + repr(signing.parse_key(vectors.PRIVATE_KEY))

    assert "secret=" not in shown
    assert "seed=" not in shown


def test_a_private_key_has_the_public_half_that_receivers_verify_with() -> None:
    """Svix's pair: the seed and what follows from it."""
    assert signing.public_key(signing.parse_key(PRIVATE_KEY)) == PUBLIC_KEY
    assert signing.public_key(signing.parse_key(SECRET_A)) is None
    made = signing.new_private_key(bytes(range(32)))
    assert (signing.public_key(signing.parse_key(made)) or "").startswith("whpk_")


def test_halves_that_do_not_belong_together_are_refused() -> None:
    """A receiver with the printed public half would refuse every request."""
    made = signing.new_private_key(bytes(range(32)))
    mixed = made[: len(made) // 2] + PRIVATE_KEY[len(made) // 2 :]

    with pytest.raises(BadInput):
        signing.public_key(signing.parse_key(mixed))
    with pytest.raises(BadInput):
        signing.new_private_key(bytes(31))
