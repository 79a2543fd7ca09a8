"""All scenes, in the order in which they are played."""

from typing import Final

from infra.removal.scenes import again, events, people, schedules, warehouse
from infra.removal.trials import Scene

SCENES: Final[tuple[Scene, ...]] = (
    *events.SCENES,
    *again.SCENES,
    *people.SCENES,
    *warehouse.SCENES,
    *schedules.SCENES,
)
