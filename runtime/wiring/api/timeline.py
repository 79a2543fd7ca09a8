"""What the API does with timelines."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.usecases.timeline.show_timeline import ShowTimeline
from runtime.wiring import parts, people_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineApi:
    """What the API does with timelines."""

    show: ShowTimeline


def build(clients: Clients, installation: Settings) -> TimelineApi:
    """The use cases of timelines, with their stores."""
    return TimelineApi(
        show=ShowTimeline(
            profiles=parts.profiles(clients, installation),
            timelines=people_parts.timelines(clients, installation),
            functions=parts.functions(clients, installation),
            webhooks=parts.webhooks(clients, installation),
            records=parts.event_records(clients, installation),
        )
    )
