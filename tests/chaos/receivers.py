"""Receivers that do as they are scripted, and log every POST: the only truth the checker trusts."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from runtime.core.deliveries.attempt import Answered, Failed, Posted
from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.deliveries.courier import Sender
from tests.builders import a_webhook
from tests.chaos.faults import Faults
from tests.scripted_receiver import Peer, answer

SCHEDULE_S: Final = (5, 300, 1800, 7200, 18_000)
LIMIT: Final = RateLimit(count=5, per=Per.SECOND)
LIFE: Final = "chaos-life"  # the header that says which life of the worker sent a request
RETRY_AFTER: Final = "120"
_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The chance of 200 and what there is otherwise (None: a reset); how long it is down first."""

    good: float = 1.0
    otherwise: int | None = 503
    down_s: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)


SCRIPTS: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "whk_good": Script(),
        "whk_flaky": Script(good=0.5),
        "whk_resets": Script(good=0.7, otherwise=None),
        "whk_down_an_hour": Script(down_s=_HOUR_S),
        "whk_down_a_day": Script(down_s=24 * _HOUR_S),
        "whk_never": Script(good=0.0),
        "whk_gone": Script(good=0.998, otherwise=410),
        "whk_busy": Script(good=0.6, otherwise=429),
        "whk_limited": Script(good=0.9, settings={"rate_limit": LIMIT}),
        "whk_capped": Script(good=0.9, settings={"max_concurrency": 2}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One POST as its receiver saw it; `at_ns` orders it among everything that happened.

    `clock_s` is what the workers' clock showed.
    """

    delivery_id: str
    webhook_id: str
    life: int
    at_ns: int
    clock_s: float
    status: int | None


@dataclass(kw_only=True)
class Receivers:
    """All of them. What a POST is answered depends on the seed, on its delivery and its number."""

    seed: int
    clock: Callable[[], datetime]
    opened_s: float
    log: list[Post] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)

    def take(self, webhook_id: str, headers: Sequence[tuple[str, str]]) -> int | None:
        """Log a POST; what its receiver answers, None when it breaks the connection."""
        said = {name.lower(): value for name, value in headers}
        post = Post(
            delivery_id=said["webhook-id"],
            webhook_id=webhook_id,
            life=int(said[LIFE]),
            at_ns=time.monotonic_ns(),
            clock_s=self.clock().timestamp(),
            status=None,
        )
        self._seen[post.delivery_id] += 1
        post = replace(post, status=self._status(SCRIPTS[webhook_id], post))
        self.log.append(post)
        return post.status

    def behave(self, peer: Peer) -> bool | None:
        """The same over HTTP."""
        request = peer.request
        status = self.take(request.target.rpartition("/")[2], request.headers)
        if status is None:
            peer.reset()
            return False
        headers = [("retry-after", RETRY_AFTER)] if status == 429 else []
        return answer(status, headers=headers)(peer)

    def _status(self, script: Script, post: Post) -> int | None:
        if post.clock_s - self.opened_s < script.down_s:
            return None
        # Of its own, so that the order in which requests happen to arrive changes no answer.
        dice = random.Random(f"{self.seed} {post.delivery_id} {self._seen[post.delivery_id]}")  # noqa: S311 - to be had again by its seed
        return 200 if dice.random() < script.good else script.otherwise


@dataclass(frozen=True, slots=True)
class InMemory:
    """The way to receivers that need no network."""

    receivers: Receivers
    dice: random.Random

    async def post(
        self, url: str, *, headers: Sequence[tuple[str, str]], **_letter: object
    ) -> Posted:
        """What the receiver does; the others of the batch get on meanwhile."""
        for _ in range(self.dice.randrange(3)):
            await asyncio.sleep(0)
        status = self.receivers.take(url.rpartition("/")[2], headers)
        for _ in range(self.dice.randrange(3)):
            await asyncio.sleep(0)
        if status is None:
            return Posted(happening=Failed(code="reset", sentence="it broke"))
        retry_after = (RETRY_AFTER,) if status == 429 else ()
        return Posted(happening=Answered(status=status, retry_after=retry_after))

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Perilous:
    """A sender whose worker may be killed before a POST, and between it and its write."""

    sender: Sender
    faults: Faults

    async def post(self, url: str, *, headers: Sequence[tuple[str, str]], **letter: Any) -> Posted:
        """What came of it, if anybody is left to hear."""
        self.faults.at("before POST")
        marked = (*headers, (LIFE, str(self.faults.life)))
        posted = await self.sender.post(url, headers=marked, **letter)
        self.faults.at("after POST")
        return posted

    def close(self) -> None:
        """Close idle connections."""
        self.sender.close()


def webhooks(topics_of: Mapping[str, Sequence[str]], *, base: str) -> list[Webhook]:
    """One for each receiver, at `base`."""
    return [
        a_webhook(
            id=name,
            url=f"{base}/{name}",
            topics=tuple(topics_of[name]),
            retry_schedule_s=SCHEDULE_S,
            **script.settings,
        )
        for name, script in SCRIPTS.items()
    ]
