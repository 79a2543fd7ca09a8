"""What several of our functions need of people: profiles, names, timelines, data transforms.

The imports stand inside the functions, as in `parts`.
"""

from typing import TYPE_CHECKING

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.tables.table import Table
from runtime.wiring import parts, worker

if TYPE_CHECKING:
    from runtime.stores.erasure.erasures import Erasures
    from runtime.stores.profiles.identity_rules import IdentityRules
    from runtime.stores.profiles.people import People
    from runtime.stores.timeline.timelines import Timelines
    from runtime.stores.transforms.known_transforms import KnownTransforms
    from runtime.stores.transforms.transforms import Transforms


def identity_rules(clients: Clients, installation: Settings) -> "IdentityRules":
    """By which rules each tenant's names are read."""
    from runtime.stores.profiles.identity_rules import IdentityRules

    return IdentityRules(config=parts.config(clients, installation), clock=worker.now)


def people(clients: Clients, installation: Settings) -> "People":
    """The profiles, with what their tenants have decided about them."""
    from runtime.stores.profiles.people import People

    return People(
        profiles=parts.profiles(clients, installation),
        rules=identity_rules(clients, installation).of,
        derive=known_transforms(clients, installation).overlay,
    )


def transforms(clients: Clients, installation: Settings) -> "Transforms":
    """The data transforms that tenants set up."""
    from runtime.stores.transforms.transforms import Transforms

    return Transforms(config=parts.config(clients, installation))


def known_transforms(clients: Clients, installation: Settings) -> "KnownTransforms":
    """The data transforms as this process knows them, at most seconds old."""
    from runtime.stores.transforms.known_transforms import KnownTransforms

    return KnownTransforms(config=parts.config(clients, installation), clock=worker.now)


def erasures(clients: Clients, installation: Settings) -> "Erasures":
    """Who was erased, and which events."""
    from runtime.stores.erasure.erasures import Erasures

    return Erasures(
        profiles=parts.profiles(clients, installation),
        rules=identity_rules(clients, installation).of,
        clock=worker.now,
        retention_days=installation.retention_days,
    )


def timelines(clients: Clients, installation: Settings) -> "Timelines":
    """The timelines of profiles."""
    from runtime.stores.timeline.timelines import Timelines

    return Timelines(
        table=Table(client=clients.tables, name=installation.timeline_table),
        retention_days=installation.retention_days,
        clock=worker.now,
    )
