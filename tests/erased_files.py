"""The files of many people in a small world: what takes a person out of them, and their rows."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from runtime.core.erasure.erasure import Stage
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.aws.s3 import Bucket
from runtime.stores.tables.table import Table
from runtime.stores.warehouse.discards import Discards
from runtime.stores.warehouse.lake_files import LakeFiles
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.own_bucket import Connect
from runtime.stores.warehouse.own_lakes import Configured, OwnLakes
from runtime.usecases.erasure.erase_files import (
    EraseDiscards,
    EraseLake,
    EraseRawLog,
    FilesPage,
)
from runtime.usecases.erasure.erase_page import Files
from tests.builders import TENANT
from tests.cloud import RETENTION_DAYS
from tests.warehouse import World


def file_steps(
    bucket: Bucket,
    table: Table,
    *,
    configured: Configured,
    connect: Connect,
    scratch: Path,
    clock: Callable[[], datetime],
) -> dict[Stage, Files]:
    """What an erasure does to the files in a bucket, which the table has the ledger of.

    Args:
        bucket: ours.
        table: the ledger.
        configured: the syncs, which may name buckets of tenants' own.
        connect: what reaches those.
        scratch: the folder for files while they are worked on.
        clock: now.
    """
    own = OwnLakes(configured=configured, connect=connect, ours=bucket, scratch=scratch)
    lake = LakeFiles(bucket=bucket, scratch=scratch)
    return {
        Stage.RAW_LOG: EraseRawLog(
            raw_log=RawLog(bucket=bucket, table=table),
            clock=clock,
            kept=timedelta(days=RETENTION_DAYS),
        ),
        Stage.DISCARDS: EraseDiscards(discards=Discards(bucket=bucket)),
        Stage.LAKE: EraseLake(lake=lake, leases=Ledger(table=table), clock=clock),
        Stage.OWN_BUCKETS: EraseLake(lake=own, leases=Ledger(table=table), clock=clock),
    }


def file_rows(world: World) -> dict[str, str]:
    """Each row of each object of a world, by the object's key and the row's place in it."""
    return {
        f"{key} {place}": json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
        for key in world.keys("")
        for place, row in enumerate(world.file_rows(key))
    }


def erase_files(
    world: World, profile_id: str, *, only: Stage | None = None
) -> dict[Stage, FilesPage]:
    """Take somebody out of all files of a world, as the stages of a job do, or as one of them does.

    Returns for each stage what all of its pages have come to.
    """
    steps = file_steps(
        world.raw_log().bucket,
        world.table(),
        configured=world.syncs,
        connect=world.as_role,
        scratch=world.folder,
        clock=world.clock,
    )
    ended: dict[Stage, FilesPage] = {}
    for stage, step in steps.items():
        if only not in (None, stage):
            continue
        page = step(TENANT, [profile_id], after="")
        files, rows = page.files, page.rows
        while page.after is not None:
            assert not page.wait_s
            page = step(TENANT, [profile_id], after=page.after)
            files, rows = files + page.files, rows + page.rows
        ended[stage] = replace(page, files=files, rows=rows)
    return ended
