"""Composition roots of `project_profile`, which changes profiles, and `follow_profiles`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from runtime import settings
from runtime.wiring import parts, people_parts, worker
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.events.envelope import Event
    from runtime.core.profiles.profile_change import ProfileChange


class Park(Protocol):
    """Puts what no code can read into a dead-letter queue."""

    def __call__(self, body: str, *, code: str, reason: str) -> None:
        """Put it there, with the reason.

        Raises:
            Transient: it was not put there.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """What reads records of the profiles' stream, and follows the changes they tell of."""

    decode: Callable[[Mapping[str, Any]], "ProfileChange"]  # raises BadInput
    work: Callable[[Sequence["ProfileChange"]], None]
    park: Park


def build(_journal: Journal) -> "Worker[Event]":
    """A worker that changes profiles as events say."""
    from runtime.usecases.profiles.project_profile import ProjectProfiles

    installation = settings.load()
    clients = parts.clients(installation)
    work = ProjectProfiles(
        people=people_parts.people(clients, installation),
        timelines=people_parts.timelines(clients, installation),
    )
    return Worker(decode=parts.event, work=work, park=parts.parked(clients, installation).park)


def build_follower() -> Follower:
    """What follows the changes of profiles."""
    from runtime.stores.profiles import items
    from runtime.usecases.archive.archive_profiles import ArchiveProfiles
    from runtime.usecases.profiles.follow_profiles import FollowProfiles

    installation = settings.load()
    clients = parts.clients(installation)
    return Follower(
        decode=items.change,
        work=FollowProfiles(
            archive=ArchiveProfiles(raw_log=parts.raw_log(clients, installation), clock=worker.now),
            timelines=people_parts.timelines(clients, installation),
            erasures=people_parts.erasures(clients, installation),
            bus=parts.bus(clients, installation),
        ),
        park=parts.parked(clients, installation).park,
    )
