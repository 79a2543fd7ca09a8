"""Realistic events of a shop, as the archive stores them: the same numbers give the same bytes."""

import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

ROWS_A_BATCH: Final = 1_000
REDELIVERED: Final = 0.01  # the share of rows whose event has come before
PEOPLE: Final = 100_000
START: Final = datetime(2026, 11, 20, tzinfo=UTC)
TOPICS: Final = (
    *("metric.viewed_product",) * 50,
    *("message.email.opened",) * 20,
    *("message.email.clicked",) * 8,
    *("metric.added_to_cart",) * 14,
    *("metric.placed_order",) * 8,
)
TITLES: Final = ("Kind of Blue", "Abbey Road", "Blue Train", "Rumours", "Graceland", "Tapestry")


def write(folder: Path, rows: int) -> int:
    """Write batches of raw rows to a folder, one file a batch; returns how many events differ."""
    folder.mkdir(parents=True, exist_ok=True)
    ids: set[str] = set()
    for number, batch in enumerate(batches(rows)):
        ids.update(row["id"] for row in batch)
        text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in batch)
        file = folder / f"{number:06d}.jsonl.gz"
        file.write_bytes(gzip.compress(text.encode(), compresslevel=6, mtime=0))
    return len(ids)


def batches(rows: int) -> Iterator[list[dict[str, Any]]]:
    """The rows, batch by batch in the order of arrival."""
    dice = random.Random(14)  # noqa: S311 - input of a measurement
    for first in range(0, rows, ROWS_A_BATCH):
        yield [_row(dice, number) for number in range(first, min(rows, first + ROWS_A_BATCH))]


def _row(dice: random.Random, number: int) -> dict[str, Any]:
    arrived = START + timedelta(milliseconds=36 * number)
    if number and dice.random() < REDELIVERED:
        number = dice.randrange(number)
    happened = START + timedelta(milliseconds=36 * number - dice.randrange(5_000))
    person = dice.randrange(PEOPLE)
    topic = dice.choice(TOPICS)
    names = {"external_id": f"c-{person}", "email": f"customer{person}@shop.example"}
    return {
        "tenant": "acme",
        "id": f"evt_{number:012d}",
        "topic": topic,
        "occurred_at": happened.isoformat(timespec="milliseconds"),
        "received_at": arrived.isoformat(timespec="milliseconds"),
        "profile_id": f"prf_{person:026d}",
        "profile": json.dumps(names, separators=(",", ":")),
        "properties": json.dumps(_properties(dice, topic, number), separators=(",", ":")),
        "hops": 0,
        "origin": "api",
    }


def _properties(dice: random.Random, topic: str, number: int) -> dict[str, Any]:
    title = dice.choice(TITLES)
    price = dice.randrange(499, 4_999) / 100
    product = {
        "sku": f"CD-{dice.randrange(1_000_000):06d}",
        "title": title,
        "price": price,
        "url": f"https://shop.example/cds/{title.lower().replace(' ', '-')}",
        "session": f"{dice.getrandbits(64):016x}",
        "agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    }
    match topic:
        case "metric.placed_order":
            count = dice.randrange(1, 4)
            return {"order_id": number, "value": round(price * count, 2), "items": [product]}
        case "metric.viewed_product" | "metric.added_to_cart":
            return {**product, "position": dice.randrange(1, 60)}
        case _:
            return {
                "campaign_id": f"cmp_{dice.randrange(200)}",
                "message_id": f"msg_{dice.randrange(5_000)}",
                "subject": f"New in: {title}",
                "link": product["url"],
                "agent": product["agent"],
            }
