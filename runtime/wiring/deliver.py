"""Composition root of `deliver`, which attempts the deliveries that hints name."""

import uuid
from typing import TYPE_CHECKING

from runtime import settings
from runtime.stores.tables.table import Table
from runtime.wiring import limits, parts, people_parts, worker
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.deliveries.messages import DeliverMessage


def build(journal: Journal) -> "Worker[DeliverMessage]":
    """A worker that attempts the deliveries that hints name."""
    from runtime.core.deliveries import messages
    from runtime.core.operations.switches import Switch
    from runtime.core.usage.quotas import Metered
    from runtime.egress.client import Egress
    from runtime.egress.policy import EgressPolicy
    from runtime.egress.sender import Sender
    from runtime.stores.pacing.turns import Turns
    from runtime.stores.webhooks.known_webhooks import KnownWebhooks
    from runtime.usecases.deliveries.courier import Courier
    from runtime.usecases.deliveries.deliver_attempt import DeliverAttempts
    from runtime.usecases.pacing.admit_deliveries import AdmitDeliveries
    from runtime.usecases.pacing.divert_slow import DivertSlow

    installation = settings.load()
    clients = parts.clients(installation)
    policy = EgressPolicy(
        allow_local=installation.allow_local_http, ports=installation.webhook_ports
    )
    tend = parts.tend_endpoints(clients, installation, journal)
    attempts = DeliverAttempts(
        deliveries=parts.deliveries(clients, installation),
        erasures=people_parts.erasures(clients, installation),
        webhooks=parts.webhooks(clients, installation),
        known_webhooks=KnownWebhooks(config=parts.config(clients, installation), clock=worker.now),
        hints=parts.hints(clients, installation.deliver_queue_url),
        courier=Courier(
            sender=Sender(Egress(policy)),
            open_secret=parts.secrets(clients, installation).open,
        ),
        admit=AdmitDeliveries(
            endpoints=tend.endpoints,
            turns=Turns(
                table=Table(client=clients.tables, name=installation.deliveries_table),
                clock=worker.now,
            ),
            clock=worker.now,
            dice=parts.DICE.random,
            new_owner=lambda: uuid.uuid4().hex,
            is_paused=limits.is_paused(clients, installation, Switch.DELIVERY),
        ),
        endpoints=tend,
        clock=worker.now,
        dice=parts.DICE.random,
        journal=journal,
        queue_delay_max_s=installation.queue_delay_max_s,
        quota=limits.quota(clients, installation, Metered.DELIVERIES),
    )
    divert = DivertSlow(
        endpoints=tend.endpoints,
        hints=parts.hints(clients, installation.slow_queue_url),
        deliver=attempts.deliver_all,
        clock=worker.now,
    )
    return Worker(
        decode=messages.parse_deliver,
        work=divert,
        park=parts.parked(clients, installation).park,
    )
