"""The largest record that there can be still fits one item."""

import random
from dataclasses import replace

from runtime.core.deliveries import recording
from runtime.core.deliveries.attempt import Answered, Dead, Posted
from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.redact import EXCERPT_CHARS
from runtime.core.deliveries.replay import MAX_ATTEMPTS
from runtime.stores.bodies import INLINE_BODY_BYTES
from tests.builders import a_delivery
from tests.cloud import Cloud
from tests.doubles import FakeClock

MAX_ITEM_BYTES = 400 * 1024


def test_a_hundred_attempts_with_hostile_answers_fit_beside_the_largest_body(cloud: Cloud) -> None:
    """An outcome that cannot be written is an attempt that is made for ever."""
    dice = random.Random(7)  # noqa: S311 - no secret
    body = "".join(chr(dice.randrange(33, 127)) for _ in range(INLINE_BODY_BYTES))
    delivery = a_delivery(body=body, attempts=(), due_at_ms=None)
    for _ in range(MAX_ATTEMPTS):
        answer = "".join(chr(dice.randrange(0x10000, 0x10FFFF)) for _ in range(EXCERPT_CHARS))
        posted = Posted(happening=Answered(status=500), answer=answer.encode())
        made = recording.after(delivery, posted, Dead("x"), started=FakeClock()())
        delivery = replace(made, status=Status.PENDING)

    item = cloud.deliveries._item(delivery)  # noqa: SLF001 - its size is the point

    size = sum(
        len(name) + len(next(iter(held.values())))
        for name, held in item.items()
        if next(iter(held)) in "SB"
    )
    assert size < MAX_ITEM_BYTES
    assert len(delivery.attempts) == MAX_ATTEMPTS
    kept = [bool(each.answer_excerpt) for each in delivery.attempts]
    assert kept == [False] * (MAX_ATTEMPTS - 25) + [True] * 25
