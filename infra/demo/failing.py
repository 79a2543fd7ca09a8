"""A function whose canary fails: the tenant hears of both, the canary ends, and it recovers.

All of it happens after the counting, so none of it is in the sums.
"""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

from infra.demo.feed import Envelope
from infra.demo.patience import Patience
from infra.demo.stage import Stage

FUNCTION: Final = "greet_member"
TOPIC: Final = "list.member_added"
NOTICES: Final = "notices"
SOUND: Final = 'def handler(event):\n    return {"greet": event["id"]}\n'
FAILING: Final = 'def handler(event):\n    return {"greet": event["properties"]["first_name"]}\n'
FAILURES: Final = 10  # in a row, before somebody is told
CANARY: Final = {"version": 2, "percent": 100, "margin_points": 5, "min_runs": FAILURES}


def make(stage: Stage) -> None:
    """Publish the function, push a version that fails, and make the webhook for the notices.

    This comes before any event, because a warm matcher may need two seconds to see them.
    """
    function_path = f"/v1/functions/{FUNCTION}"
    stage.api.post("/v1/functions", {"name": FUNCTION, "topics": [TOPIC]})
    for source in (SOUND, FAILING):
        stage.api.post(f"{function_path}/versions", {"source": source})
    stage.api.post(f"{function_path}/publish", {"version": 1})
    webhook = stage.api.post(
        "/v1/webhooks",
        {"name": NOTICES, "url": stage.receiver.url(NOTICES), "topics": ["function.*"]},
    )
    stage.receiver.endpoints[NOTICES].secret = webhook["secret"]


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Let the canary fail and end, and the function recover; yields what did not happen."""
    function_path = f"/v1/functions/{FUNCTION}"
    stage.api.put(f"{function_path}/canary", CANARY)
    stage.doors.by_bus([_event(stage, number) for number in range(FAILURES)])
    awaited = {"function.failing", "function.canary_failed"}
    if not patience.until(lambda: awaited <= set(_heard(stage))):
        yield f"the receiver of notices got {_heard(stage)}, must get {sorted(awaited)}"
        return
    function = stage.api.get(function_path)
    if function["canary"] is not None:
        yield "a canary that failed on every event is still on trial"
    releases = stage.api.get(f"{function_path}/releases")["data"]
    if "canary_failed" not in [release["kind"] for release in releases]:
        yield f"no entry of the release log says that the canary failed: {releases}"
    if not (function["health"] or {}).get("failing"):
        yield f"the health of a failing function is {function['health']}"
    if not patience.until(lambda: _errors(stage) == [("KeyError", 2, FAILURES)]):
        yield f"the error groups are {_errors(stage)}"
    stage.doors.by_bus([_event(stage, FAILURES)])
    if not patience.until(lambda: "function.recovered" in _heard(stage)):
        yield "nobody was told that the function recovered"
    yield from _unsent_notice(stage, patience)


def _unsent_notice(stage: Stage, patience: Patience) -> Iterator[str]:
    """A worker is killed after it has recorded a notice, and before it has sent it.

    Sweep must send it. For this the record is written as the worker leaves it.
    """
    notice = {"kind": "failing", "at_ms": int(time.time() * 1000), "version": 1, "run_id": "run_1"}
    stage.client("dynamodb").update_item(
        TableName=stage.table("RunsTable"),
        Key={"pk": {"S": f"health#{stage.tenant}#{FUNCTION}"}},
        UpdateExpression="SET notices = :notices, due_shard = :shard, due_at_ms = :long_ago",
        ExpressionAttributeValues={
            ":notices": {"S": json.dumps([notice])},
            ":shard": {"S": "functions"},
            ":long_ago": {"N": "1"},
        },
    )
    stage.invoke("SweepFunction", {})
    if not patience.until(lambda: _heard(stage).count("function.failing") == 2):  # noqa: PLR2004 - the second notice
        yield "sweep did not send the notice that a worker had left"


def _errors(stage: Stage) -> list[tuple[str, int, int]]:
    """Type, line and count of each error group."""
    groups = stage.api.get(f"/v1/functions/{FUNCTION}/errors")["data"]
    return [(group["type"], group["line"], group["count"]) for group in groups]


def _heard(stage: Stage) -> list[str]:
    arrivals: list[Any] = stage.receiver.endpoints[NOTICES].accepted
    return [arrival.body["type"] for arrival in arrivals]


def _event(stage: Stage, number: int) -> Envelope:
    return {
        "id": f"member-{number}",
        "tenant": stage.tenant,
        "topic": TOPIC,
        "profile": {"external_id": f"member-{number}"},
        "properties": {},
    }
