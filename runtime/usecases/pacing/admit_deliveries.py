"""Says which deliveries of a batch may be attempted now, and until when the others wait.

The admin's switch decides first, then the endpoint's breaker, its concurrency cap, and its rate
limit. A delivery that waits loses no attempt.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.core.ids import Key
from runtime.core.pacing import concurrency, endpoint_health, rate_limit
from runtime.core.pacing.endpoint_health import Closed, Health, Open, Probe
from runtime.core.pacing.rate_limit import RateLimit
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import Transient


class Endpoints(Protocol):
    """Stores the health of endpoints."""

    def known(self, endpoints: Iterable[Key]) -> Mapping[Key, Health]:
        """The health of each endpoint, as it was at most a second ago."""

    def find(self, tenant: str, webhook_id: str) -> Health:
        """The health of an endpoint, read now."""

    def replace(self, old: Health, new: Health, /) -> Health | None:
        """Store `new` in the place of `old`; returns what is stored, None if `old` has changed."""


class Turns(Protocol):
    """Hands out tickets of a rate limit and permits of a concurrency cap."""

    def take(self, tenant: str, holder: str, limit: RateLimit, *, count: int) -> Sequence[int]:
        """Take the next tickets; returns, for each, when its window begins, in epoch ms."""

    def acquire(self, tenant: str, holder: str, *, owner: str, wanted: int, cap: int) -> int:
        """Take up to `wanted` permits for `owner`; returns how many it got."""

    def release(self, tenant: str, holder: str, *, owner: str) -> bool:
        """Return the permits of `owner`."""


@dataclass(frozen=True, slots=True)
class Go:
    """The delivery may be attempted now."""

    probe: bool = False  # whether the attempt decides if an open breaker closes


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The delivery must wait."""

    until_ms: int  # epoch ms; it may ask again then
    why: str  # a code such as `circuit_open`
    turn_at_ms: int | None = None  # epoch ms when its ticket's window begins; None without one
    # Whether it waits for deliveries to be resumed: then the sweep brings it back, and no message.
    is_paused: bool = False


Admission = Go | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Admissions:
    """The answers to a batch, and the permits that it has until it gives them back."""

    owner: str  # the batch's name, under which the permits are granted
    answers: Sequence[Admission] = ()  # one for each delivery, in the batch's order
    # Endpoint → how many permits the batch has for it. Endpoints without a cap are left out.
    permits: dict[Key, int] = field(default_factory=dict)


class _InLine(NamedTuple):
    """A delivery in line for its endpoint."""

    number: int  # its place in the batch, from 0
    delivery: Delivery


@dataclass(slots=True)
class _Group:
    """The deliveries of a batch for one endpoint, and the answer to each."""

    webhook: Webhook
    line: list[_InLine] = field(default_factory=list)
    answers: dict[int, Admission] = field(default_factory=dict)  # by the delivery's number

    @property
    def open(self) -> list[_InLine]:
        """The deliveries that nothing has told to wait so far."""
        return [each for each in self.line if not isinstance(self.answers.get(each.number), Hold)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitDeliveries:
    """Admits deliveries."""

    endpoints: Endpoints
    turns: Turns
    clock: Callable[[], datetime]
    dice: Callable[[], float]  # random numbers from 0 to 1
    new_owner: Callable[[], str]  # makes a name for a batch
    is_paused: Callable[[], bool] = lambda: False  # whether an admin has paused all deliveries

    def __call__(self, waiting: Sequence[tuple[Webhook, Delivery]]) -> Admissions:
        """Say for each delivery of the batch whether it may be attempted now.

        Call `give_back` with the result when the attempts have ended.

        Raises:
            Transient: the stores do not answer; nothing may be sent then.
        """
        if waiting and self.is_paused():
            return self._all_wait(len(waiting))
        groups: dict[Key, _Group] = {}
        for number, (webhook, delivery) in enumerate(waiting):
            group = groups.setdefault(Key(webhook.tenant, webhook.id), _Group(webhook))
            group.line.append(_InLine(number, delivery))
        healths = self.endpoints.known(groups) if groups else {}
        admissions = Admissions(owner=self.new_owner())
        for key, group in groups.items():
            gate = self._ask_breaker(group, healths[key])
            self._ask_cap(group, admissions)
            self._ask_rate(group)
            # The claim comes last: a probe that claimed first and then had to wait for a cap or a
            # ticket would keep others from probing.
            if isinstance(gate, Probe):
                self._claim_probe(group, healths[key], gate)
        answers = {
            number: answer for group in groups.values() for number, answer in group.answers.items()
        }
        return Admissions(
            owner=admissions.owner,
            answers=[answers[number] for number in range(len(waiting))],
            permits=admissions.permits,
        )

    def _all_wait(self, count: int) -> Admissions:
        # Due now, so that they are in line in the order in which they came.
        hold = Hold(until_ms=self._now_ms(), why="delivery_paused", is_paused=True)
        return Admissions(owner=self.new_owner(), answers=[hold] * count)

    def give_back(self, admissions: Admissions) -> None:
        """Return the permits. A permit that cannot be returned ends with its lease."""
        for key in admissions.permits:
            with suppress(Transient):  # the attempts are recorded, and the lease will end
                self.turns.release(key.tenant, key.id, owner=admissions.owner)

    def busy(self, delivery: Delivery) -> Hold:
        """How long a delivery waits for a permit: longer each time, because others wait, too."""
        wait_ms = concurrency.backoff_ms(held=delivery.held, dice=self.dice())
        return Hold(until_ms=self._now_ms() + wait_ms, why="concurrency")

    def _ask_breaker(self, group: _Group, health: Health) -> Closed | Probe | Open:
        gate, probe = endpoint_health.gate(health, now_ms=self._now_ms()), -1
        if isinstance(gate, Probe):
            probe, health = self._best_probe(group), gate.claim
        for number, _ in group.line:
            match gate:
                case Closed():
                    group.answers[number] = Go()
                case Probe() if number == probe:
                    group.answers[number] = Go(probe=True)
                case Probe() | Open():
                    group.answers[number] = self._closed_to(health)
        return gate

    def _best_probe(self, group: _Group) -> int:
        """The number of the first delivery whose ticket is valid now, else of the first one."""
        limit, now_ms = group.webhook.rate_limit, self._now_ms()
        ready = (
            number
            for number, delivery in group.line
            if limit is not None
            and delivery.turn_at_ms is not None
            and rate_limit.is_valid(limit, turn_ms=delivery.turn_at_ms, now_ms=now_ms)
        )
        return next(ready, group.line[0].number)

    def _claim_probe(self, group: _Group, health: Health, gate: Probe) -> None:
        if not group.open or self.endpoints.replace(health, gate.claim) is not None:
            return
        now = self.endpoints.find(health.tenant, health.webhook_id)
        if isinstance(endpoint_health.gate(now, now_ms=self._now_ms()), Closed):
            return
        for number, _ in group.open:
            group.answers[number] = self._closed_to(now)

    def _closed_to(self, health: Health) -> Hold:
        until_ms = max(self._now_ms(), health.open_until_ms or 0)
        asks_ms = endpoint_health.wait_until_ms(health, until_ms=until_ms, dice=self.dice())
        return Hold(until_ms=asks_ms, why="circuit_open")

    def _ask_cap(self, group: _Group, admissions: Admissions) -> None:
        webhook = group.webhook
        if webhook.max_concurrency is None or not group.open:
            return
        granted = self.turns.acquire(
            webhook.tenant,
            webhook.id,
            owner=admissions.owner,
            wanted=len(group.open),
            cap=webhook.max_concurrency,
        )
        if granted:
            admissions.permits[Key(webhook.tenant, webhook.id)] = granted
            return
        for number, delivery in group.open:
            group.answers[number] = self.busy(delivery)

    def _ask_rate(self, group: _Group) -> None:
        limit, now_ms = group.webhook.rate_limit, self._now_ms()
        if limit is None:
            return
        without_ticket: list[int] = []
        for number, delivery in group.open:
            turn_ms = delivery.turn_at_ms
            if turn_ms is None or (
                turn_ms <= now_ms and not rate_limit.is_valid(limit, turn_ms=turn_ms, now_ms=now_ms)
            ):
                without_ticket.append(number)
            elif turn_ms > now_ms:
                group.answers[number] = self._later(limit, turn_ms)
        if not without_ticket:
            return
        webhook = group.webhook
        turns = self.turns.take(webhook.tenant, webhook.id, limit, count=len(without_ticket))
        for number, turn_ms in zip(without_ticket, turns, strict=True):
            if turn_ms > now_ms:
                group.answers[number] = self._later(limit, turn_ms)

    def _later(self, limit: RateLimit, turn_ms: int) -> Hold:
        wake_ms = rate_limit.wake_ms(limit, turn_ms=turn_ms, dice=self.dice())
        return Hold(until_ms=wake_ms, why="rate_limited", turn_at_ms=turn_ms)

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
