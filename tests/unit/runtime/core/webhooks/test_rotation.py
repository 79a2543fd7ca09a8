"""Rotation: old and new overlap, and nothing signs for longer than it was given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import overlap
from runtime.core.timestamps import moment, timestamp
from runtime.core.webhooks import rotation, signing
from runtime.core.webhooks.webhook import KeyKind, SealedSecret
from runtime.errors import BadInput, Conflict
from tests.builders import NOW
from tests.vectors import PUBLIC_KEY

DAY_LATER = "2026-11-21T13:04:05.123Z"
HOUR_LATER = "2026-11-20T14:04:05.123Z"


def a_secret(name: str, **changes: str | None) -> SealedSecret:
    """A secret in force since January."""
    given = {"ciphertext": name, "created_at": "2026-01-01T00:00:00.000Z", **changes}
    return SealedSecret(**given)  # type: ignore[arg-type]


NEW = a_secret("new", created_at=NOW)


def test_the_old_secret_signs_until_the_overlap_has_passed() -> None:
    """Receivers change over in their own time, and then the old secret is worth nothing."""
    rotated = rotation.rotate([a_secret("old")], NEW, now=NOW, overlap_s=86_400)

    assert [s.ciphertext for s in signing.live_secrets(rotated, now=NOW)] == ["new", "old"]
    assert [s.ciphertext for s in signing.live_secrets(rotated, now=DAY_LATER)] == ["new"]


def test_no_overlap_ends_the_old_secret_at_once() -> None:
    """A leaked secret must not sign another request."""
    assert rotation.rotate([a_secret("leaked")], NEW, now=NOW, overlap_s=0) == (NEW,)


def test_rotating_again_never_lengthens_an_old_secrets_life() -> None:
    """Who promised a receiver an hour keeps the promise."""
    ending = a_secret("ending", expires_at=HOUR_LATER)

    rotated = rotation.rotate([ending, a_secret("old")], NEW, now=NOW, overlap_s=86_400)

    ends = {secret.ciphertext: secret.expires_at for secret in rotated}
    assert ends == {"new": None, "ending": HOUR_LATER, "old": DAY_LATER}


def test_a_key_of_the_other_kind_is_left_alone() -> None:
    """Giving an endpoint a private key must not take its shared secret away."""
    key = a_secret("key", public_key=PUBLIC_KEY)

    rotated = rotation.rotate([a_secret("old")], key, now=NOW, overlap_s=0)

    assert [(s.kind, s.expires_at) for s in rotated] == [
        (KeyKind.ED25519, None),
        (KeyKind.HMAC, None),
    ]


def test_too_many_overlapping_secrets_are_refused() -> None:
    """A loop that rotates would grow a header of its own until receivers refuse it."""
    live = [a_secret(str(n), expires_at=DAY_LATER) for n in range(9)]
    full = rotation.rotate(live, NEW, now=NOW, overlap_s=86_400)

    with pytest.raises(Conflict) as refusal:
        rotation.rotate(full, NEW, now=NOW, overlap_s=86_400)

    assert refusal.value.code == "too_many_secrets"
    assert rotation.rotate(full, NEW, now=NOW, overlap_s=0) == (NEW,)


@pytest.mark.parametrize("overlap_s", [-1, 7 * 86_400 + 1])
def test_an_overlap_out_of_range_is_refused(overlap_s: int) -> None:
    """A week is long enough for any receiver."""
    with pytest.raises(BadInput):
        overlap.check(overlap_s)


@pytest.mark.parametrize("overlap_s", [0, overlap.DEFAULT_S, 7 * 86_400])
def test_an_overlap_of_up_to_a_week_is_taken(overlap_s: int) -> None:
    """Nothing, a day unless given, and the whole week."""
    overlap.check(overlap_s)

    assert overlap.DEFAULT_S == 86_400


@given(
    overlaps=st.lists(st.integers(0, overlap.MAX_S), max_size=8),
    gap_s=st.integers(0, 1_000_000),
)
def test_exactly_one_secret_has_no_end(overlaps: list[int], gap_s: int) -> None:
    """However often somebody rotates, an endpoint is never without a secret, nor with two."""
    secrets: tuple[SealedSecret, ...] = ()
    at = moment(NOW).timestamp()
    for number, overlap_s in enumerate(overlaps or [0]):
        now = timestamp(moment(NOW).fromtimestamp(at + number * gap_s, moment(NOW).tzinfo))
        new = a_secret(str(number), created_at=now)
        secrets = rotation.rotate(secrets, new, now=now, overlap_s=overlap_s)
        assert [secret for secret in secrets if secret.expires_at is None] == [new]
