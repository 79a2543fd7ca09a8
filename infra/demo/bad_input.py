"""Sends bad input among the orders, and checks that it ends where it must and disturbs nothing."""

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

AWAITED_PROPERTY: Final = "stock_checked"
NOT_JSON: Final = 'ceci n\'est pas du JSON {"id": '
# The codes of the messages that must end in each queue's dead-letter queue. A consumer parks there
# what it cannot read.
PARKED: Final = {
    "MatchQueue": Counter({"not_json": 1, "bad_topic": 1}),
    "ProfileQueue": Counter({"not_json": 1, "bad_topic": 1}),
    "ArchiveQueue": Counter({"not_json": 1, "bad_topic": 1}),
    "DeliverQueue": Counter({"not_json": 1}),
    "RunQueue": Counter({"not_json": 1}),
    "ProfileStream": Counter({"not_json": 1, "unreadable_profile": 1}),
    "OutcomeStream": Counter({"not_json": 1, "unreadable_delivery": 1, "unreadable_run": 1}),
}
# Items that no code can read, by the table that they are written into. Their streams tell of them.
UNREADABLE: Final = {
    "ProfilesTable": {"pk": "tenant#nobody", "sk": "prf_unreadable"},
    "DeliveriesTable": {"pk": "dlv_unreadable"},
    "RunsTable": {"pk": "run_unreadable"},
}
# A run's jitter decides whether its retry waits in the queue or for sweep, three to one. With so
# many runs, a demo sees both ways in all but one of ten thousand times. These runs have no profile,
# so the event that they wait for never comes, and they can run in one batch; runs for one profile
# would run one after the other.
WAITS_IN_VAIN: Final = 32
WAITS: Final = 12
MARKED_RUNS: Final = WAITS + WAITS_IN_VAIN + 1  # the last is an endless loop
MARKED_EVENTS: Final = MARKED_RUNS + 1  # the last is the event that the runs wait for
MARKED_PROFILES: Final = 1
GONE_S: Final = 20


def send(stage: Stage, patience: Patience) -> list[str]:
    """Put unreadable messages on the bus and in every queue, and items into tables with a stream.

    Then send marked orders.

    Some orders make their function wait for an event, and one makes it loop. The event comes long
    before sweep brings runs back, because the orders, which keep everything busy, come only
    afterwards. A run that the queue brings back may come before the event.

    Returns:
        What went wrong, in sentences.
    """
    doors: Doors = stage.doors
    doors.spoil()
    for queue in PARKED:
        stage.sqs.send_message(QueueUrl=queue_url(stage.sqs, queue), MessageBody=NOT_JSON)
    for table, key in UNREADABLE.items():
        item = {name: {"S": text} for name, text in key.items()}
        stage.client("dynamodb").put_item(TableName=stage.table(table), Item=item)
    waiting_orders = [
        marked(f"wait-{n}", tenant=stage.tenant, wait_for=AWAITED_PROPERTY) for n in range(WAITS)
    ]
    vain_orders = [
        marked(f"vain-{n}", tenant=stage.tenant, wait_for=AWAITED_PROPERTY)
        for n in range(WAITS_IN_VAIN)
    ]
    for order in vain_orders:
        del order["profile"]
    doors.by_api([*waiting_orders, *vain_orders])
    are_recorded = patience.until(
        lambda: {order["id"] for order in waiting_orders} <= _outcomes(stage).keys()
    )
    doors.by_bus([answer_to_wait(AWAITED_PROPERTY, tenant=stage.tenant)])
    doors.by_bus([marked("loop", tenant=stage.tenant, loop=True)])
    return [] if are_recorded else ["not every waiting run was recorded"]


def settled(stage: Stage) -> bool:
    """Whether the loop was stopped, and at least one waiting run has got its event."""
    outcomes = Counter(_outcomes(stage).values())
    return outcomes["timed_out"] == 1 and outcomes["returned"] > 0


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for each bad input that did not end as it must."""
    outcomes = _outcomes(stage)
    if not settled(stage):
        yield f"marked orders ended as {Counter(outcomes.values())}: one must have timed out"
    if not set(outcomes.values()) <= {"timed_out", "returned", "retry"}:
        yield f"marked orders ended as {outcomes}"
    failed = stage.api.get("/v1/runs", {"function": MISBEHAVING, "outcome": "failed"})["data"]
    if "timed_out" not in {run["outcome"] for run in failed}:
        yield f"the failed runs of {MISBEHAVING} are listed as {failed}"
    yield from _gone_problems(stage, patience)
    for queue, expected_codes in PARKED.items():
        url = queue_url(stage.sqs, f"{queue}DeadLetters")
        codes = _read_until(stage.sqs, url, expected_codes=expected_codes, patience=patience)
        if codes != expected_codes:
            yield f"{queue}DeadLetters holds {dict(codes)}, must hold {dict(expected_codes)}"


def _gone_problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Check that an endpoint that answers 410 gets one request, and its webhook is disabled."""
    path = f"/v1/webhooks/{stage.setup.gone}"
    if not patience.until(lambda: not stage.api.get(path)["enabled"], at_most_s=GONE_S):
        yield "a webhook whose endpoint answered 410 was not disabled"
    tries = [arrival.tries for arrival in stage.receiver.endpoints[GONE].arrivals.values()]
    if tries != [1]:
        yield f"an endpoint that answered 410 was attempted {tries} times, not once"


def queue_url(sqs: "SQSClient", name: str) -> str:
    """The URL of the queue that the template calls `name`. CloudFormation adds words around it."""
    pages = sqs.get_paginator("list_queues").paginate()
    urls = [url for page in pages for url in page.get("QueueUrls", ())]
    return next(url for url in urls if f"-{name}-" in url or url.endswith(f"-{name}"))


def _read_until(
    sqs: "SQSClient", url: str, *, expected_codes: Counter[str], patience: Patience
) -> Counter[str]:
    codes: Counter[str] = Counter()

    def is_complete() -> bool:
        codes.update(_read(sqs, url))
        return codes >= expected_codes

    patience.until(is_complete)
    return codes


def _read(sqs: "SQSClient", url: str) -> list[str]:
    # A message that was read stays hidden for the visibility timeout, so none is counted twice.
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        VisibilityTimeout=600,
    )
    attributes = [message.get("MessageAttributes", {}) for message in answer.get("Messages", ())]
    return [
        attributes_of_one["code"]["StringValue"] if "code" in attributes_of_one else "no code"
        for attributes_of_one in attributes
    ]


def _outcomes(stage: Stage) -> dict[str, str]:
    runs = stage.api.each(f"/v1/functions/{MISBEHAVING}/runs", limit=MARKED_RUNS)
    return {run["event_id"]: run["outcome"] for run in runs}
