"""Composition root of `fanout`, which sends a hint for each match of an event."""

from runtime import settings
from runtime.wiring import limits, parts, people_parts, worker
from runtime.wiring.worker import Journal, Worker


def build(journal: Journal) -> Worker[str]:
    """A worker that sends a hint for each subscription that an event matches."""
    from runtime.core.usage.quotas import Metered
    from runtime.stores.matching.subscriptions import Subscriptions
    from runtime.usecases.matching.fan_out import FanOut

    installation = settings.load()
    clients = parts.clients(installation)
    work = FanOut(
        events=parts.events(clients, installation),
        subscriptions=Subscriptions(config=parts.config(clients, installation), clock=worker.now),
        deliver=parts.hints(clients, installation.deliver_queue_url),
        run=parts.hints(clients, installation.run_queue_url),
        erasures=people_parts.erasures(clients, installation),
        clock=worker.now,
        journal=journal,
        quota=limits.quota(clients, installation, Metered.EVENTS),
    )
    return Worker(
        decode=str,
        work=work,
        park=parts.parked(clients, installation).park,
        give_way=limits.give_way(clients, installation, journal),
    )
