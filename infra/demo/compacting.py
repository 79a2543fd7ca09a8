"""Compacts the lake, and asks it what the warehouse is asked."""

from collections.abc import Iterator
from typing import Final

from infra.demo.patience import Patience
from infra.demo.stage import Stage
from infra.local import deploy
from runtime.core.warehouse import plan
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.lake_query import LakeQuery

LATER: Final = "2999-01-01"  # so that today has ended, too
COUNT: Final = "SELECT COUNT(*) FROM events WHERE topic NOT LIKE 'audit.%'"
ANSWER_S: Final = 60
AGAIN_S: Final = 10  # a compaction that was left out is asked for again so soon


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for everything about the lake's files that is not as it must be."""
    stage.progress.step("the lake's small files become one, and the lake says what Redshift says")
    bucket = Bucket(
        client=stage.client("s3"), name=deploy.outputs(stage.client("cloudformation"))["Bucket"]
    )
    folder = f"{plan.lake_folder(stage.tenant, stage.setup.sync)}events/"
    if len(list(bucket.under(folder))) < 2:  # noqa: PLR2004 - nothing to compact
        yield "several loads have left fewer than two files"

    def is_compacted() -> bool:
        # Repeated, because a sync that loads at that moment is left alone.
        stage.invoke("JobsFunction", {"compact_before": LATER})
        return patience.until(lambda: _largest_day(bucket, folder) == 1, at_most_s=AGAIN_S)

    if not patience.until(is_compacted):
        yield f"a day of the lake has {_largest_day(bucket, folder)} small files"
    lake = LakeQuery(bucket=bucket, tenant=stage.tenant)

    def count() -> int:
        return int(lake.query(COUNT, limit=1, wait_s=ANSWER_S).rows[0][0])

    if not patience.until(lambda: count() == stage.warehouse.events()):
        yield f"the lake has {count()} events, the warehouse {stage.warehouse.events()}"


def _largest_day(bucket: Bucket, folder: str) -> int:
    """How many files that day has which has the most."""
    days = [key.rpartition("/")[0] for key in bucket.under(folder)]
    return max((days.count(day) for day in set(days)), default=0)
