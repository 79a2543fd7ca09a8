"""What the use cases of data transforms need."""

from typing import Protocol

from runtime.core.transforms.transform import Transform, Version
from runtime.core.transforms.transform_list import TransformList


class Transforms(Protocol):
    """Stores the data transforms of each tenant."""

    def load(self, tenant: str) -> TransformList:
        """The tenant's transforms as they stand now."""

    def put(self, old: TransformList, new: TransformList, transform: Transform) -> bool:
        """Store a list in which this transform is new or has changed; False after a lost race."""

    def delete(self, old: TransformList, new: TransformList, transform: Transform) -> bool:
        """Store a list from which this transform is gone; False after a lost race."""

    def version(self, tenant: str, transform_id: str, number: int) -> Version:
        """One version of a transform.

        Raises:
            NotFound: code `version_not_found`.
        """
