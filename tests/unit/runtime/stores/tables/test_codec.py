"""What all items have in common."""

from runtime.stores.tables import codec, config
from runtime.stores.webhooks import items
from tests.builders import a_webhook


def test_long_texts_are_compressed_and_short_ones_readable() -> None:
    """An item is billed by the kilobyte, and read by people in the console."""
    item = items.webhook_item(a_webhook(url="https://example.com/" + "x" * 100_000, name="orders"))

    assert (["B"], {"S": "orders"}) == (list(item["url"]), item["name"])
    assert len(item["url"]["B"]) < 1_000


def test_an_etag_is_of_the_meaning() -> None:
    """Another release of zlib packs the same text differently; it is still the same record."""
    item = items.webhook_item(a_webhook(url="https://example.com/" + "x" * 2000))
    repacked = {**item, "url": {"S": codec.value(item["url"])}}

    assert config.etag(item) == config.etag(repacked)
