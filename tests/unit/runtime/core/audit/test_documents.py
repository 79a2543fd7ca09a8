"""What an entry keeps of a thing: no credential, and nothing without bounds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.audit import documents
from runtime.core.audit.documents import MASKED, MAX_FIELD_BYTES
from runtime.core.json_text import dump

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(st.text(max_size=8), JSON, max_size=5)
SECRETS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=16, max_size=40)


@given(SECRETS, st.sampled_from(["https", "postgres", "amqp+tls"]))
def test_no_part_of_a_url_that_may_be_a_credential_is_kept(secret: str, scheme: str) -> None:
    """An environment holds addresses of databases, and many a webhook's URL is its password."""
    urls = [
        f"{scheme}://user:{secret}@db.example.com/shop",
        f"{scheme}://{secret}@db.example.com",
        f"{scheme}://hooks.example.com/in?token={secret}&x=1",
        f"{scheme}://hooks.example.com/services/{secret}/in",
        f"{scheme}://[{secret}",
    ]
    document = {"environment": {"A": urls[0]}, "urls": urls, "text": f"see {urls[2]} there"}

    assert secret not in dump(documents.kept(document))


def test_what_is_no_credential_stays_readable() -> None:
    """A log that masks everything answers no question."""
    shown = {
        "url": "https://hooks.example.com:8443/penstock?v=2",
        "topics": ["metric.placed_order", "message.email.*"],
        "filter": {"properties": {"value": [{"numeric": [">", 100]}]}},
        "transform": None,
        "timeout_s": 5,
    }

    assert shown == documents.kept(shown)


@pytest.mark.parametrize("text", ["psk_0123456789abcdef", "whsec_0123456789abcdef"])
def test_what_looks_like_a_key_is_masked_wherever_it_stands(text: str) -> None:
    """Somebody will put one into a name or an environment, whatever the page says."""
    assert text not in dump(documents.kept({"name": f"the key {text}", "deep": [{"x": text}]}))


def test_masking_keeps_the_rest_of_a_url() -> None:
    """Which host and which path were changed is what people look for."""
    kept = documents.kept({"url": "https://ada:secret@hooks.example.com/in?token=12345678#top"})

    assert kept == {"url": f"https://{MASKED}@hooks.example.com/in?token={MASKED}#top"}


@given(DOCUMENTS)
def test_a_thing_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    """Who sees a changed field looks for the change."""
    assert () == documents.changed(document, dict(document))


@given(DOCUMENTS, DOCUMENTS)
def test_a_field_is_named_exactly_when_it_differs(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """The ETag differs with every change, and names nothing."""
    named = documents.changed({**before, "etag": "1"}, {**after, "etag": "2"})

    for name in {*before, *after} - {"etag"}:
        assert (name in named) == (before.get(name) != after.get(name))
    assert "etag" not in named


def test_what_was_created_or_deleted_has_changed_in_no_field() -> None:
    """Twenty names of fields that are all new say less than none."""
    assert () == documents.changed(None, {"a": 1}) == documents.changed({"a": 1}, None)


@given(st.integers(0, 3 * MAX_FIELD_BYTES))
def test_a_field_has_at_most_so_many_bytes(size: int) -> None:
    """An entry has to fit an item of DynamoDB, whatever a caller has sent."""
    kept = documents.kept({"long": "x" * size, "short": 1})

    assert kept is not None
    assert len(dump(kept["long"]).encode()) <= MAX_FIELD_BYTES
    assert 1 == kept["short"]
    if size + 2 > MAX_FIELD_BYTES:
        assert kept["long"]["bytes"] == size + 2
        assert kept["long"]["sha256"] != documents.kept({"long": "y" * size})["long"]["sha256"]  # type: ignore[index]
