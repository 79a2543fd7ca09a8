"""Signing secrets over the API: made, taken, rotated, and shown no more than once."""

import base64
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from runtime.core.webhooks import signing
from tests.api_client import ApiClient
from tests.vectors import PRIVATE_KEY, PUBLIC_KEY, SECRET_A

LONGEST = "whsec_" + base64.b64encode(bytes(range(64))).decode()


def a_webhook(api: ApiClient, **changes: Any) -> Any:
    """A webhook, just created."""
    wanted = {"name": "orders", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
    return api.post("/v1/webhooks", wanted | changes).json


def rotate(api: ApiClient, webhook: Any, **how: Any) -> Any:
    """The answer to a rotation."""
    return api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", how)


def stored_texts(api: ApiClient, webhook: Any) -> list[str]:
    """The secrets as they would sign."""
    stored = api.application.webhooks.store.get(api.tenant, webhook["id"])
    opened = api.application.tenancy.answer_once.unseal
    return [opened(api.tenant, secret.ciphertext) for secret in stored.secrets]


def test_a_rotation_shows_the_new_secret_once_and_keeps_the_old_for_a_day(api: ApiClient) -> None:
    """Nobody has to change sender and receiver in the same second."""
    webhook = a_webhook(api)

    rotated = rotate(api, webhook)

    assert 200 == rotated.status
    Verifier(rotated.json["secret"])
    assert [rotated.json["secret"], webhook["secret"]] == stored_texts(api, webhook)
    new, old = rotated.json["signing_keys"]
    assert (None, "hmac", "hmac") == (new["expires_at"], new["kind"], old["kind"])
    assert old["expires_at"] > new["created_at"]
    shown = api.get(f"/v1/webhooks/{webhook['id']}")
    assert rotated.json["secret"] not in shown.text
    assert rotated.json["signing_keys"] == shown.json["signing_keys"]


@pytest.mark.parametrize("own", [SECRET_A, LONGEST, "whsec_" + "A" * 32])
def test_ones_own_secret_is_taken_and_not_repeated(api: ApiClient, own: str) -> None:
    """Who moves here from elsewhere need not touch a receiver."""
    made = a_webhook(api, secret=own)
    rotated = rotate(api, a_webhook(api), secret=own, overlap_s=0)

    assert (None, None) == (made["secret"], rotated.json["secret"])
    assert [own] == stored_texts(api, made) == stored_texts(api, rotated.json)


@pytest.mark.parametrize(
    ("how", "code", "field"),
    [
        ({"overlap_s": -1}, "bad_overlap", "overlap_s"),
        ({"overlap_s": 604_801}, "bad_overlap", "overlap_s"),
        ({"overlap_s": "1"}, "bad_field", "overlap_s"),
        ({"secret": "whsec_" + base64.b64encode(bytes(23)).decode()}, "bad_secret", "secret"),
        ({"secret": "whsec_" + base64.b64encode(bytes(65)).decode()}, "bad_secret", "secret"),
        ({"secret": "whsec_%%%"}, "bad_secret", "secret"),
        ({"secret": ""}, "bad_secret", "secret"),
        ({"secret": PUBLIC_KEY}, "bad_secret", "secret"),
        ({"secret": PRIVATE_KEY[:-8] + "AAAAAA=="}, "bad_secret", "secret"),
        ({"secret": SECRET_A, "kind": "ed25519"}, "bad_secret", "secret"),
        ({"kind": "rsa"}, "bad_field", "kind"),
    ],
)
def test_a_bad_rotation_changes_nothing(
    api: ApiClient, how: dict[str, Any], code: str, field: str
) -> None:
    """Nor does the refusal repeat what may be a secret with a slip in it."""
    webhook = a_webhook(api)

    refused = rotate(api, webhook, **how)

    assert (422, code, field) == (refused.status, refused.json["code"], refused.json["field"])
    assert [webhook["secret"]] == stored_texts(api, webhook)
    assert not how.get("secret") or str(how["secret"])[6:] not in refused.text


@pytest.mark.parametrize("own", [" " * 16, "with-a-blank-at-its-end ", " with-a-blank-before-it"])
def test_a_klaviyo_secret_with_blanks_around_it_is_refused(api: ApiClient, own: str) -> None:
    """They were copied with it; the receiver's half has none, and no signature would match."""
    wanted = {"name": "orders", "url": "https://hooks.example.com/", "topics": ["metric.x"]}

    refused = api.post("/v1/webhooks", wanted | {"format": "klaviyo", "secret": own})

    assert (422, "bad_secret") == (refused.status, refused.json["code"])
    webhook = a_webhook(api, format="klaviyo")
    rotated = rotate(api, webhook, secret=own)
    assert (422, "bad_secret") == (rotated.status, rotated.json["code"])


def test_a_private_key_is_made_and_only_its_public_half_shown(api: ApiClient) -> None:
    """With it a receiver can check what it could never have signed."""
    webhook = a_webhook(api, ed25519=True)

    shared, private = stored_texts(api, webhook)
    (public,) = [key["public_key"] for key in webhook["signing_keys"] if key["public_key"]]
    assert shared == webhook["secret"]
    assert signing.public_key(signing.parse_key(private)) == public
    assert private not in api.get(f"/v1/webhooks/{webhook['id']}").text


def test_a_private_key_is_added_and_rotated_beside_the_secret(api: ApiClient) -> None:
    """The two kinds do not end each other."""
    webhook = a_webhook(api)

    given = rotate(api, webhook, secret=PRIVATE_KEY).json
    rotated = rotate(api, webhook, kind="ed25519").json

    assert (None, None) == (given["secret"], rotated["secret"])
    assert [PUBLIC_KEY, None] == [key["public_key"] for key in given["signing_keys"]]
    assert ["ed25519", "ed25519", "hmac"] == [key["kind"] for key in rotated["signing_keys"]]
    ends = [bool(key["expires_at"]) for key in rotated["signing_keys"]]
    assert [False, True, False] == ends
    assert PRIVATE_KEY not in repr(given)


def test_a_repeated_rotation_under_one_key_rotates_once(api: ApiClient) -> None:
    """A caller whose answer got lost asks again, and must get the secret that signs."""
    webhook = a_webhook(api)
    path = f"/v1/webhooks/{webhook['id']}/rotate-secret"

    first = api.post(path, {}, idempotency_key="rotation-1")
    again = api.post(path, {}, idempotency_key="rotation-1")

    assert first.json == again.json
    assert 2 == len(stored_texts(api, webhook))


def test_another_tenants_secret_cannot_be_rotated(api: ApiClient) -> None:
    """Who could rotate it could sign as its owner."""
    webhook = a_webhook(api)

    assert "webhook_not_found" == rotate(api.newcomer(), webhook).json["code"]
    assert "missing_scope" == rotate(api.with_scopes("events:write"), webhook).json["code"]
