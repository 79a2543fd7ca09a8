"""Composition root of `project_profile`, which changes profiles as events say."""

from typing import TYPE_CHECKING

from runtime import settings
from runtime.wiring import parts
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.events.envelope import Event


def build(_journal: Journal) -> "Worker[Event]":
    """A worker that changes profiles as events say."""
    from runtime.usecases.profiles.project_profile import ProjectProfiles

    installation = settings.load()
    clients = parts.clients(installation)
    work = ProjectProfiles(people=parts.people(clients, installation))
    return Worker(decode=parts.event, work=work, park=parts.parked(clients, installation).park)
