"""Composition root of the HTTP API. Each file builds the use cases of one domain."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime import settings
from runtime.settings import Settings
from runtime.wiring import parts
from runtime.wiring.api import (
    audit,
    deliveries,
    events,
    functions,
    jobs,
    profiles,
    syncs,
    tenancy,
    timeline,
    transforms,
    usage,
    webhooks,
)
from runtime.wiring.api.audit import AuditApi
from runtime.wiring.api.deliveries import DeliveryApi
from runtime.wiring.api.events import EventApi
from runtime.wiring.api.functions import FunctionApi
from runtime.wiring.api.jobs import JobApi
from runtime.wiring.api.profiles import ProfileApi
from runtime.wiring.api.syncs import SyncApi
from runtime.wiring.api.tenancy import TenancyApi
from runtime.wiring.api.timeline import TimelineApi
from runtime.wiring.api.transforms import TransformApi
from runtime.wiring.api.usage import UsageApi
from runtime.wiring.api.webhooks import WebhookApi

if TYPE_CHECKING:
    from runtime.egress.resolver import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """All that the API can do, one field a domain."""

    events: EventApi
    webhooks: WebhookApi
    deliveries: DeliveryApi
    functions: FunctionApi
    profiles: ProfileApi
    jobs: JobApi
    transforms: TransformApi
    syncs: SyncApi
    tenancy: TenancyApi
    audit: AuditApi
    timeline: TimelineApi
    usage: UsageApi


def load() -> Api:
    """The API of the installation that this process belongs to."""
    return build(settings.load())


def build(installation: Settings, *, look_up: "Lookup | None" = None) -> Api:
    """The API of an installation.

    Args:
        installation: its settings.
        look_up: asks for the addresses of a webhook's host; None for asking the name servers.
    """
    # Only calls about secrets and signatures need the one, and about runs and loads the other.
    clients = parts.clients(installation, late=("kms", "lambda"))
    return Api(
        events=events.build(clients, installation),
        webhooks=webhooks.build(clients, installation, look_up=look_up),
        deliveries=deliveries.build(clients, installation),
        functions=functions.build(clients, installation),
        profiles=profiles.build(clients, installation),
        jobs=jobs.build(clients, installation),
        transforms=transforms.build(clients, installation),
        syncs=syncs.build(clients, installation),
        tenancy=tenancy.build(clients, installation),
        audit=audit.build(clients, installation),
        timeline=timeline.build(clients, installation),
        usage=usage.build(clients, installation),
    )
