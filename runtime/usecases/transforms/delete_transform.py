"""Delete a data transform. What it has derived is an overlay, so nothing of it stays behind."""

from dataclasses import dataclass, field

from runtime.core.preconditions import ANY, IfMatch
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.transforms.ports import Transforms


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTransform:
    """Deletes data transforms, with all their versions."""

    transforms: Transforms
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, transform_id: str, *, if_match: IfMatch = ANY) -> None:
        """Delete the transform; a profile that is written from then on has no value of it.

        Raises:
            NotFound: code `transform_not_found`.
            PreconditionFailed: `if_match` names another ETag than it has.
            Transient: code `transforms_changed`: others keep changing the transforms.
        """
        for _ in self.races:
            old = self.transforms.load(tenant)
            transform = old.get(transform_id)
            if_match.check(transform.etag)
            if self.transforms.delete(old, old.without(transform), transform):
                return
        raise Transient("the transforms keep changing; try again", code="transforms_changed")
