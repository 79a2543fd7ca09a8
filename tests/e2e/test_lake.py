"""On the local cloud, with its roles: the lake is compacted, and says what has happened."""

import itertools
import json
from typing import Any

import pytest

from cli.client import Client
from infra.demo.patience import Patience
from infra.local import deploy, emulator
from infra.local.state import LocalCloud
from runtime.core.warehouse import plan
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.lake_query import LakeQuery

pytestmark = pytest.mark.e2e

DEADLINE_S = 120
TOPIC = "metric.e2e_lake"
LATER = "2999-01-01"  # so that today has ended, too
COUNT = f"SELECT COUNT(*) FROM events WHERE topic = '{TOPIC}'"  # noqa: S608 - ours


def test_the_files_of_several_loads_become_one_with_every_row(
    local_cloud: LocalCloud, api: Client
) -> None:
    """By the function that works jobs off, as it is called once a day."""
    session = emulator.root()
    s3 = session.client("s3", endpoint_url=local_cloud.aws_endpoint)
    functions = session.client("lambda", endpoint_url=local_cloud.aws_endpoint)
    stacks = session.client("cloudformation", endpoint_url=local_cloud.aws_endpoint)
    bucket = Bucket(client=s3, name=deploy.outputs(stacks)["Bucket"])
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"})
    folder = f"{plan.lake_folder(local_cloud.tenant, sync['id'])}events/"
    numbers = itertools.count()

    def has_two_files() -> bool:
        api.post("/v1/events", {"events": [{"topic": TOPIC, "id": f"e2e-lake-{next(numbers)}"}]})
        api.post(f"/v1/syncs/{sync['id']}/run")
        return len(list(bucket.under(folder))) > 1

    assert Patience(DEADLINE_S).until(has_two_files)
    api.post(f"/v1/syncs/{sync['id']}/pause")
    days = {key.rpartition("/")[0] for key in bucket.under(folder)}

    def is_compacted() -> bool:
        # Repeated, because a sync that loads at that moment is left alone.
        answer = _invoke(functions, {"compact_before": LATER})
        assert answer.keys() == {"files_before", "files_after", "syncs_left", "usage_days"}, answer
        return len(list(bucket.under(folder))) == len(days)

    assert Patience(DEADLINE_S).until(is_compacted)
    (row,) = (
        LakeQuery(bucket=bucket, tenant=local_cloud.tenant).query(COUNT, limit=1, wait_s=60).rows
    )
    assert row[0] > 1


def _invoke(functions: Any, event: dict[str, Any]) -> dict[str, Any]:
    name = deploy.function(functions, "JobsFunction")
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return dict(json.loads(answer["Payload"].read()))
