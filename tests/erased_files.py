"""The files of many people in a small world: what takes a person out of them, and their rows."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from runtime.core.erasure.erasure import Stage
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.aws.s3 import Bucket
from runtime.stores.tables.table import Table
from runtime.stores.warehouse.discards import Discards
from runtime.stores.warehouse.lake_files import LakeFiles
from runtime.stores.warehouse.ledger import Ledger
from runtime.usecases.erasure.erase_files import EraseDiscards, EraseLake, EraseRawLog
from runtime.usecases.erasure.erase_page import Files
from tests.cloud import RETENTION_DAYS
from tests.warehouse import World


def file_steps(
    bucket: Bucket, table: Table, *, scratch: Path, clock: Callable[[], datetime]
) -> dict[Stage, Files]:
    """What an erasure does to the files in a bucket, which the table has the ledger of."""
    lake = LakeFiles(bucket=bucket, scratch=scratch)
    return {
        Stage.RAW_LOG: EraseRawLog(
            raw_log=RawLog(bucket=bucket, table=table),
            clock=clock,
            kept=timedelta(days=RETENTION_DAYS),
        ),
        Stage.DISCARDS: EraseDiscards(discards=Discards(bucket=bucket)),
        Stage.LAKE: EraseLake(lake=lake, leases=Ledger(table=table), clock=clock),
    }


def file_rows(world: World) -> dict[str, str]:
    """Each row of each object of a world, by the object's key and the row's place in it."""
    return {
        f"{key} {place}": json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
        for key in world.keys("")
        for place, row in enumerate(world.file_rows(key))
    }
