"""Samples of profiles on S3, from one day to the next."""

from dataclasses import dataclass
from datetime import date

from runtime.core.archive import reconciliation
from runtime.core.archive.reconciliation import Sample
from runtime.stores.aws.s3 import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Stores a sample of each tenant's profiles a day; the bucket forgets them after a week."""

    bucket: Bucket

    def has(self, tenant: str, day: date) -> bool:
        """Whether there is a sample of the day."""
        return _key(tenant, day) in set(self.bucket.under(_folder(tenant)))

    def add(self, tenant: str, sample: Sample) -> None:
        """Store a sample, unless there is one of its day."""
        self.bucket.put_once(_key(tenant, sample.day), reconciliation.encode(sample))

    def last(self, tenant: str, *, before: date) -> Sample | None:
        """The latest sample of an earlier day; None when there is none."""
        earlier = [key for key in self.bucket.under(_folder(tenant)) if key < _key(tenant, before)]
        return reconciliation.decode(self.bucket.get(earlier[-1])) if earlier else None


def _folder(tenant: str) -> str:
    return f"samples/v1/{tenant}/"


def _key(tenant: str, day: date) -> str:
    return f"{_folder(tenant)}{day.isoformat()}.json.gz"
