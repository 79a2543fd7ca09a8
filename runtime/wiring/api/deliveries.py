"""What the API does with deliveries and their replays."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.replays.replays import Replays
from runtime.usecases.deliveries.list_deliveries import ListDeliveries
from runtime.usecases.deliveries.retry_delivery import RetryDelivery
from runtime.usecases.deliveries.show_delivery import ShowDelivery
from runtime.usecases.deliveries.sign_delivery import SignDelivery
from runtime.usecases.deliveries.start_replay import StartReplay
from runtime.usecases.replays.cancel_replay import CancelReplay
from runtime.wiring import parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryApi:
    """What the API does with deliveries."""

    list: ListDeliveries
    show: ShowDelivery
    sign: SignDelivery
    retry: RetryDelivery
    replays: Replays  # the store, to list and show them
    start_replay: StartReplay
    cancel_replay: CancelReplay


def build(clients: Clients, installation: Settings) -> DeliveryApi:
    """The use cases of deliveries, with their stores."""
    deliveries = parts.deliveries(clients, installation)
    webhooks = parts.webhooks(clients, installation)
    replays = parts.replays(clients, installation)
    show = ShowDelivery(deliveries=deliveries)
    return DeliveryApi(
        list=ListDeliveries(deliveries=deliveries, webhooks=webhooks),
        show=show,
        sign=SignDelivery(
            show=show,
            webhooks=webhooks,
            open_secret=parts.secrets(clients, installation).open,
            clock=worker.now,
        ),
        retry=RetryDelivery(
            deliveries=deliveries,
            webhooks=webhooks,
            hints=parts.hints(clients, installation.deliver_queue_url),
            retry_run=parts.retry_run(clients, installation),
            clock=worker.now,
        ),
        replays=replays,
        start_replay=StartReplay(
            replays=replays, webhooks=webhooks, new_id=parts.new_id, clock=worker.now
        ),
        cancel_replay=CancelReplay(replays=replays, clock=worker.now),
    )
