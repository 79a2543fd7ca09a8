"""Bad input on purpose: sent among the orders, found where it must end, disturbing nothing."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from infra.demo.feed import Doors, answer_to_wait, marked
from infra.demo.patience import Patience
from infra.demo.receiver import GONE
from infra.demo.setup import MISBEHAVING
from infra.demo.stage import Stage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

WANTED: Final = "stock_checked"
NOT_JSON: Final = 'ceci n\'est pas du JSON {"id": '
# Each consumer of a queue parks what it cannot read in its own dead-letter queue, with a code.
PARKED: Final = {
    "MatchQueue": Counter({"not_json": 1, "bad_topic": 1}),
    "ProfileQueue": Counter({"not_json": 1, "bad_topic": 1}),
    "ArchiveQueue": Counter({"not_json": 1, "bad_topic": 1}),
    "DeliverQueue": Counter({"not_json": 1}),
    "RunQueue": Counter({"not_json": 1}),
}
# A run's retry rides on the queue or waits for sweep as its jitter falls, three to one: of so many
# both are seen but once in ten thousand times. Without a profile they wait in vain, and in one
# batch; those of one customer run one after the other.
WAITS_IN_VAIN: Final = 32
WAITS: Final = 12
MARKED_RUNS: Final = WAITS + WAITS_IN_VAIN + 1  # and a loop
MARKED_EVENTS: Final = MARKED_RUNS + 1  # and what the waiting runs wait for
MARKED_PROFILES: Final = 1
GONE_S: Final = 20


def send(stage: Stage, patience: Patience) -> list[str]:
    """Spoil the bus and every queue, and mark some orders to wait and one to loop.

    What the waiting runs wait for is there long before sweep brings some of them back: the orders,
    which keep everybody busy, come after. One that comes back by the queue may find it or not.
    """
    doors: Doors = stage.doors
    doors.spoil()
    for queue in PARKED:
        stage.sqs.send_message(QueueUrl=queue_url(stage.sqs, queue), MessageBody=NOT_JSON)
    named = [marked(f"wait-{n}", tenant=stage.tenant, wait_for=WANTED) for n in range(WAITS)]
    vain = [marked(f"vain-{n}", tenant=stage.tenant, wait_for=WANTED) for n in range(WAITS_IN_VAIN)]
    for one in vain:
        del one["profile"]
    doors.by_api([*named, *vain])
    waiting = patience.until(lambda: {one["id"] for one in named} <= _outcomes(stage).keys())
    doors.by_bus([answer_to_wait(WANTED, tenant=stage.tenant)])
    doors.by_bus([marked("loop", tenant=stage.tenant, loop=True)])
    return [] if waiting else ["not every waiting run was recorded"]


def settled(stage: Stage) -> bool:
    """Whether the loop was ended, and a run that waited has what it waited for."""
    outcomes = Counter(_outcomes(stage).values())
    return outcomes["timed_out"] == 1 and outcomes["returned"] > 0


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Where bad input did not end as it must."""
    outcomes = _outcomes(stage)
    if not settled(stage):
        yield f"marked orders ended as {Counter(outcomes.values())}: one must have timed out"
    if not set(outcomes.values()) <= {"timed_out", "returned", "retry"}:
        yield f"marked orders ended as {outcomes}"
    yield from _gone_problems(stage, patience)
    for queue, due in PARKED.items():
        url = queue_url(stage.sqs, f"{queue}DeadLetters")
        found = _read_until(stage.sqs, url, due=due, patience=patience)
        if found != due:
            yield f"{queue}DeadLetters holds {dict(found)}, must hold {dict(due)}"


def _gone_problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """An endpoint that answers 410 is told once, and its webhook is off from then on."""
    path = f"/v1/webhooks/{stage.installed.gone}"
    if not patience.until(lambda: not stage.api.get(path)["enabled"], at_most_s=GONE_S):
        yield "a webhook whose endpoint answered 410 was not disabled"
    tries = [one.tries for one in stage.receiver.endpoints[GONE].heard.values()]
    if tries != [1]:
        yield f"an endpoint that answered 410 was attempted {tries} times, not once"


def queue_url(sqs: "SQSClient", name: str) -> str:
    """The queue that the template calls `name`: CloudFormation puts its own words around that."""
    pages = sqs.get_paginator("list_queues").paginate()
    urls = [url for page in pages for url in page.get("QueueUrls", ())]
    return next(url for url in urls if f"-{name}-" in url or url.endswith(f"-{name}"))


def _read_until(
    sqs: "SQSClient", url: str, *, due: Counter[str], patience: Patience
) -> Counter[str]:
    found: Counter[str] = Counter()

    def complete() -> bool:
        found.update(_read(sqs, url))
        return found >= due

    patience.until(complete)
    return found


def _read(sqs: "SQSClient", url: str) -> list[str]:
    # What was read stays hidden for its visibility timeout, so nothing is counted twice.
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        VisibilityTimeout=600,
    )
    attributes = [message.get("MessageAttributes", {}) for message in answer.get("Messages", ())]
    return [one["code"]["StringValue"] if "code" in one else "no code" for one in attributes]


def _outcomes(stage: Stage) -> dict[str, str]:
    runs = stage.api.each(f"/v1/functions/{MISBEHAVING}/runs", limit=MARKED_RUNS)
    return {run["event_id"]: run["outcome"] for run in runs}
