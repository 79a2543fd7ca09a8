"""Composition roots of `project_profile`, which changes profiles, and `follow_profiles`."""

from typing import TYPE_CHECKING

from runtime import settings
from runtime.wiring import limits, parts, people_parts, streams, worker
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.events.envelope import Event
    from runtime.core.profiles.profile_change import ProfileChange
    from runtime.wiring.streams import Follower


def build(journal: Journal) -> "Worker[Event]":
    """A worker that changes profiles as events say."""
    from runtime.usecases.profiles.project_profile import ProjectProfiles

    installation = settings.load()
    clients = parts.clients(installation)
    work = ProjectProfiles(
        people=people_parts.people(clients, installation),
        timelines=people_parts.timelines(clients, installation),
    )
    return Worker(
        decode=parts.event,
        work=work,
        park=parts.parked(clients, installation).park,
        give_way=limits.give_way(clients, installation, journal),
    )


def build_follower() -> "Follower[ProfileChange]":
    """What follows the changes of profiles."""
    from runtime.stores.profiles import items
    from runtime.usecases.archive.archive_profiles import ArchiveProfiles
    from runtime.usecases.profiles.follow_profiles import FollowProfiles

    installation = settings.load()
    clients = parts.clients(installation)
    return streams.follower(
        clients,
        installation,
        decode=items.change,
        work=FollowProfiles(
            archive=ArchiveProfiles(raw_log=parts.raw_log(clients, installation), clock=worker.now),
            timelines=people_parts.timelines(clients, installation),
            erasures=people_parts.erasures(clients, installation),
            bus=parts.bus(clients, installation),
        ),
    )
