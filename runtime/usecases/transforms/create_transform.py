"""Create a data transform."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from runtime.core.timestamps import timestamp
from runtime.core.transforms.transform import Definition, Transform
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.transforms.ports import Transforms


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTransform:
    """Makes data transforms."""

    transforms: Transforms
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, definition: Definition, *, position: int | None, enabled: bool
    ) -> Transform:
        """Store a new transform; from then on it works on every profile that is written.

        Args:
            tenant: the caller's.
            definition: what it reads, does and writes.
            position: in the chain, from 1; those from there on move back. None is the end.
            enabled: whether it works.

        Raises:
            BadInput: the definition cannot work, alone or with the others; or `bad_position`.
            Transient: code `transforms_changed`: others keep changing the transforms.
        """
        transform_id = self.new_id("trf")
        for _ in self.races:
            old = self.transforms.load(tenant)
            now = timestamp(self.clock())
            transform = Transform(
                id=transform_id,
                tenant=tenant,
                definition=definition,
                position=len(old.transforms) + 1 if position is None else position,
                version=1,
                created_at=now,
                updated_at=now,
                enabled=enabled,
            )
            if self.transforms.put(old, old.put(transform), transform):
                return transform
        raise Transient("the transforms keep changing; try again", code="transforms_changed")
