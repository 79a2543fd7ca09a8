"""What the API does with data transforms."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.profiles.profile_pages import ProfilePages
from runtime.stores.tables.table import Table
from runtime.stores.transforms.transforms import Transforms
from runtime.usecases.transforms.create_transform import CreateTransform
from runtime.usecases.transforms.delete_transform import DeleteTransform
from runtime.usecases.transforms.start_backfill import StartBackfill
from runtime.usecases.transforms.try_transform import TryTransform
from runtime.usecases.transforms.update_transform import UpdateTransform
from runtime.wiring import parts, people_parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformApi:
    """What the API does with data transforms."""

    store: Transforms  # to list and show them
    create: CreateTransform
    update: UpdateTransform
    delete: DeleteTransform
    try_out: TryTransform
    backfill: StartBackfill


def build(clients: Clients, installation: Settings) -> TransformApi:
    """The use cases of data transforms, with their stores."""
    transforms = people_parts.transforms(clients, installation)
    profiles = ProfilePages(table=Table(client=clients.tables, name=installation.profiles_table))
    return TransformApi(
        store=transforms,
        create=CreateTransform(transforms=transforms, new_id=parts.new_id, clock=worker.now),
        update=UpdateTransform(transforms=transforms, clock=worker.now),
        delete=DeleteTransform(transforms=transforms),
        try_out=TryTransform(transforms=transforms, profiles=profiles),
        backfill=StartBackfill(
            jobs=parts.jobs(clients, installation), new_id=parts.new_id, clock=worker.now
        ),
    )
