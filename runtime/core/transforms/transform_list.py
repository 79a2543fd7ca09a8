"""All data transforms of a tenant, in their order: they are judged, changed and stored together."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from runtime.core.transforms import rules
from runtime.core.transforms.chain import Chain
from runtime.core.transforms.transform import Transform
from runtime.errors import BadInput, NotFound

MAX_VERSIONS: Final = 20  # of one transform that are kept; with older ones nobody can do anything


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformList:
    """The data transforms of a tenant as they stand."""

    tenant: str
    revision: int  # grows by one with each change of any of them; 0 when there never was one
    transforms: tuple[Transform, ...] = ()  # in the order of their positions

    def get(self, transform_id: str) -> Transform:
        """The transform with this id.

        Raises:
            NotFound: code `transform_not_found`.
        """
        for each in self.transforms:
            if each.id == transform_id:
                return each
        raise NotFound("no such data transform", code="transform_not_found")

    def put(self, transform: Transform) -> "TransformList":
        """The list with this transform at its position, new or in the place of its old state.

        Raises:
            BadInput: the definition cannot work, alone or with the others; or code `bad_position`.
        """
        others = [each for each in self.transforms if each.id != transform.id]
        if not 1 <= transform.position <= len(others) + 1:
            raise BadInput(
                f"must be from 1 to {len(others) + 1}", field="position", code="bad_position"
            )
        rules.check(transform.definition)
        others.insert(transform.position - 1, transform)
        rules.check_together([each.definition for each in others])
        return self._changed(others)

    def without(self, transform: Transform) -> "TransformList":
        """The list without this transform."""
        return self._changed(each for each in self.transforms if each.id != transform.id)

    def chain(self) -> Chain:
        """The enabled transforms, compiled.

        Raises:
            BadInput: code `bad_pattern`, for a definition that `put` has never judged.
        """
        return Chain(each.definition for each in self.transforms if each.enabled)

    def _changed(self, transforms: Iterable[Transform]) -> "TransformList":
        return replace(
            self,
            revision=self.revision + 1,
            transforms=tuple(
                replace(each, position=position)
                for position, each in enumerate(transforms, start=1)
            ),
        )
