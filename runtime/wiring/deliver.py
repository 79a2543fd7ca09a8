"""Composition root of `deliver`: deliver hints to attempts."""

import uuid
from typing import TYPE_CHECKING

from runtime import settings
from runtime.stores.tables.table import Table
from runtime.wiring import parts, worker
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.deliveries.messages import DeliverMessage


def build(journal: Journal) -> "Worker[DeliverMessage]":
    """Deliver hints to attempts."""
    from runtime.core.deliveries import messages
    from runtime.egress.client import Egress
    from runtime.egress.policy import EgressPolicy
    from runtime.egress.sender import Sender
    from runtime.stores.pacing.turns import Turns
    from runtime.stores.webhooks.known_webhooks import KnownWebhooks
    from runtime.usecases.deliveries.courier import Courier
    from runtime.usecases.deliveries.deliver_attempt import DeliverAttempts
    from runtime.usecases.pacing.admit_deliveries import AdmitDeliveries
    from runtime.usecases.pacing.divert_slow import DivertSlow

    given = settings.load()
    clients = parts.clients(given)
    policy = EgressPolicy(allow_local=given.allow_local_http, ports=given.webhook_ports)
    tend = parts.tend_endpoints(clients, given, journal)
    attempts = DeliverAttempts(
        deliveries=parts.deliveries(clients, given),
        webhooks=parts.webhooks(clients, given),
        known_webhooks=KnownWebhooks(config=parts.config(clients, given), clock=worker.now),
        hints=parts.hints(clients, given.deliver_queue_url),
        courier=Courier(
            sender=Sender(Egress(policy)),
            open_secret=parts.secrets(clients, given).open,
        ),
        admit=AdmitDeliveries(
            endpoints=tend.endpoints,
            turns=Turns(
                table=Table(client=clients.tables, name=given.deliveries_table), clock=worker.now
            ),
            clock=worker.now,
            dice=parts.DICE.random,
            new_owner=lambda: uuid.uuid4().hex,
        ),
        endpoints=tend,
        clock=worker.now,
        dice=parts.DICE.random,
        journal=journal,
        queue_delay_max_s=given.queue_delay_max_s,
    )
    divert = DivertSlow(
        endpoints=tend.endpoints,
        hints=parts.hints(clients, given.slow_queue_url),
        deliver=attempts.deliver_all,
        clock=worker.now,
    )
    return Worker(
        decode=messages.parse_deliver,
        work=divert,
        park=parts.parked(clients, given).park,
    )
