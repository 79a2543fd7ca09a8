"""What must hold of every queue of the template, and of those who read it or give up into it."""

from typing import Any, Final

import pytest

from infra.scan import template
from infra.scan.template import Resource, name
from runtime.core.pacing import concurrency
from runtime.core.pacing.noisy import LATE_AFTER_S
from runtime.core.warehouse import follow_up, plan
from runtime.core.watch.queues import PATIENCE_S
from runtime.core.webhooks import webhook
from runtime.usecases.warehouse import sync_warehouse

QUEUES: Final = template.resources("AWS::SQS::Queue")
DEAD_LETTERS: Final = [queue for queue in QUEUES if queue.name.endswith("DeadLetters")]
WORK_QUEUES: Final = [queue for queue in QUEUES if queue not in DEAD_LETTERS]
FUNCTIONS: Final = template.functions()
TWO_WEEKS_S: Final = 14 * 24 * 3600
# One function reads both, and parks in one place.
OWNERS: Final = {
    "Delivery.SlowQueue": "Delivery.DeliverQueue",
    "Warehouse.SyncQueue": "Warehouse.Sync",  # which its schedule reports to, too
}
# Who leases messages for less than their queue hides them, and for whom nobody waits.
FOLLOWERS: Final = {"FollowProfilesFunction", "FollowOutcomesFunction"}
SLOWLY_BACK: Final = {"RunFunction", "ArchiveFunction"} | FOLLOWERS
LAMBDA_ENDS_LOOPS_AFTER: Final = 16  # calls, about
# Who works under a lease on something else: a message that came back sooner would find it taken.
BEHIND_A_LEASE_MS: Final = {"SyncFunction": sync_warehouse.LEASE_MS}


@pytest.mark.parametrize("queue", WORK_QUEUES, ids=name)
def test_a_queue_gives_up_into_the_dead_letters_of_its_function(queue: Resource) -> None:
    """A message that fails for ever must end where a person finds it, not circle or vanish."""
    redrive = queue.properties["RedrivePolicy"]
    target = template.resolve(redrive["deadLetterTargetArn"], stack=queue.stack)
    assert f"{OWNERS.get(queue.id, queue.id)}DeadLetters" == target
    assert redrive["maxReceiveCount"] >= 3


@pytest.mark.parametrize("queue", WORK_QUEUES, ids=name)
def test_a_queue_tries_for_half_an_hour_at_least_and_for_two_at_most(queue: Resource) -> None:
    """Most outages are over by then; and a person must hear of what is still not done."""
    tries = queue.properties["RedrivePolicy"]["maxReceiveCount"]
    visible_again_s = template.number(queue.properties["VisibilityTimeout"], stack=queue.stack)
    assert 1800 <= tries * visible_again_s <= 7200


@pytest.mark.parametrize("queue", QUEUES, ids=name)
def test_a_queue_keeps_messages_for_two_weeks_and_encrypted(queue: Resource) -> None:
    """A weekend's outage loses nothing."""
    properties = template.installed(queue.stack)[queue.name].properties
    assert TWO_WEEKS_S == properties["MessageRetentionPeriod"]
    assert properties["SqsManagedSseEnabled"] is True


def test_the_sweep_looks_at_every_queue() -> None:
    """Dead letters that nobody hears of are lost events with extra steps."""
    assert {queue.id for queue in DEAD_LETTERS} == set(_watched("PENSTOCK_DEAD_LETTERS"))
    assert {queue.id for queue in WORK_QUEUES} == set(_watched("PENSTOCK_QUEUES"))
    assert {queue.name for queue in WORK_QUEUES} == PATIENCE_S.keys()


def test_the_sweep_calls_each_queue_by_the_name_that_its_patience_has() -> None:
    """A queue under another's name would be late at another's time."""
    [sweep] = [each for each in FUNCTIONS if each.name == "SweepFunction"]
    _, pairs = sweep.properties["Environment"]["Variables"]["PENSTOCK_QUEUES"]["Fn::Join"]
    for pair in pairs:
        called, _, reference = pair["Fn::Sub"].partition("=")
        assert reference.endswith(f".Outputs.{called}Name}}")


def test_every_target_of_the_rule_has_dead_letters() -> None:
    """What a bus cannot hand over is kept, and the destinations are all there."""
    seen = {}
    for rule in template.resources("AWS::Events::Rule"):
        seen[rule.id] = {target["Id"] for target in rule.properties["Targets"]}
        for target in rule.properties["Targets"]:
            queue = template.resolve(target["Arn"], stack=rule.stack)
            dead = template.resolve(target["DeadLetterConfig"]["Arn"], stack=rule.stack)
            assert f"{OWNERS.get(queue, queue)}DeadLetters" == dead
    assert {
        "Bus.CatchAll": {"match", "profile", "archive"},
        "Warehouse.StatementEnded": {"sync"},
    } == seen


def test_the_rule_takes_every_event() -> None:
    """An event that no rule takes would be lost without a trace."""
    rule = template.by_id("Bus.CatchAll")
    assert {"source": [{"prefix": ""}]} == rule.properties["EventPattern"]


def test_the_end_of_a_statement_comes_to_the_installation_that_has_sent_it() -> None:
    """An account may have several, and other people's statements beside them."""
    rule = template.by_id("Warehouse.StatementEnded")
    [name] = rule.properties["EventPattern"]["detail"]["statementName"]
    assert {"Fn::Sub": f"${{Installation}}/{plan.STATEMENTS}"} == name["prefix"]
    [sync] = [each for each in FUNCTIONS if each.name == "SyncFunction"]
    assert {"Ref": "AWS::StackName"} == sync.properties["Environment"]["Variables"][
        "PENSTOCK_STACK"
    ]


@pytest.mark.parametrize(
    ("rule", "queues"),
    [
        ("Bus.CatchAll", {queue.id for queue in QUEUES if queue.stack == "Bus"}),
        ("Warehouse.StatementEnded", {"Warehouse.SyncQueue", "Warehouse.SyncDeadLetters"}),
    ],
)
def test_only_its_rule_may_send_to_the_queues_of_a_bus(rule: str, queues: set[str]) -> None:
    """Another account's rule with our queue's address must not feed us events."""
    stack = rule.partition(".")[0]
    policies = template.resources("AWS::SQS::QueuePolicy")
    [(policy, statement)] = [
        (policy, statement)
        for policy in policies
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if policy.stack == stack and "Allow" == statement["Effect"]
    ]
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert rule == template.resolve(source, stack=policy.stack)
    assert {"Service": "events.amazonaws.com"} == statement["Principal"]
    covered = {template.resolve(queue, stack=policy.stack) for queue in policy.properties["Queues"]}
    assert queues == covered
    allowed = [template.resolve(each, stack=policy.stack) for each in statement["Resource"]]
    assert sorted(covered) == sorted(allowed)  # the dead letters too, which no demo can fill


def test_lambda_lets_a_function_go_round_that_may_send_to_its_own_queue_as_often_as_it_likes() -> (
    None
):
    """Else it would take that for a loop by mistake, and end it after sixteen calls."""
    assert follow_up.MAX_FOLLOW_UPS < LAMBDA_ENDS_LOOPS_AFTER
    round_and_round = set()
    for function in FUNCTIONS:
        sources = {
            template.resolve(source["Queue"], stack=function.stack)
            for source in template.events(function, "SQS")
        }
        role = template.resolve(function.properties.get("Role"), stack=function.stack)
        for holder, statement in template.statements():
            if holder.id == role and "sqs:SendMessage" in statement["Action"]:
                named = statement["Resource"]
                targets = named if isinstance(named, list) else [named]
                if sources & {template.resolve(each, stack=holder.stack) for each in targets}:
                    round_and_round.add(function.name)
    allowed = {each.name for each in FUNCTIONS if "RecursiveLoop" in each.properties}
    assert allowed == round_and_round - FOLLOWERS - {"SyncFunction"}


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_every_asynchronous_source_of_a_function_has_dead_letters(function: Resource) -> None:
    """A schedule, a stream and an asynchronous call have no queue that would keep the event."""
    schedules = template.events(function, "ScheduleV2")
    for schedule in schedules:
        assert _is_dead_letters(schedule["DeadLetterConfig"]["Arn"])
    for stream in template.events(function, "DynamoDB"):
        assert _is_dead_letters(stream["DestinationConfig"]["OnFailure"]["Destination"])
        assert stream["BisectBatchOnFunctionError"] is True
    if schedules:
        on_failure = function.properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert _is_dead_letters(on_failure["Destination"])


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_function_reports_failures_record_by_record(function: Resource) -> None:
    """One bad record must not make nine good ones come again."""
    sources = template.events(function, "SQS") + template.events(function, "DynamoDB")
    for source in sources:
        assert ["ReportBatchItemFailures"] == source["FunctionResponseTypes"]


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_message_comes_back_when_its_function_has_ended_for_sure(function: Resource) -> None:
    """And where nothing else brings it back sooner, within a minute of its worker's death.

    AWS takes no queue that hides a message for less than the function's timeout, and advises six
    times as much for those that may be throttled for long. `run` leases its messages for less;
    nobody waits for the archive.
    """
    timeout_s = int(function.properties["Timeout"])
    for source in template.events(function, "SQS"):
        queue = template.by_id(template.resolve(source["Queue"], stack=function.stack))
        visible_again_s = template.number(queue.properties["VisibilityTimeout"], stack=queue.stack)
        window = source.get("MaximumBatchingWindowInSeconds", 0)
        window_s = template.number(window, stack=function.stack)
        lease_ms = BEHIND_A_LEASE_MS.get(function.name)
        if lease_ms is not None:
            assert timeout_s + window_s < lease_ms / 1000 < visible_again_s <= 1000
        elif function.name in SLOWLY_BACK:
            assert visible_again_s >= 6 * timeout_s + window_s
        else:
            assert timeout_s + window_s <= visible_again_s <= 60


def test_profiles_are_written_before_their_messages_come_back_even_with_the_widest_window() -> None:
    """An operator may set the window; Lambda counts it into the time that a message is hidden."""
    (projector,) = (each for each in FUNCTIONS if each.name == "ProjectProfileFunction")
    (source,) = template.events(projector, "SQS")
    queue = template.by_id(template.resolve(source["Queue"], stack=projector.stack))
    visible_again_s = template.number(queue.properties["VisibilityTimeout"], stack=queue.stack)
    window = template.stacks()[""]["Parameters"][source["MaximumBatchingWindowInSeconds"]["Ref"]]
    assert int(projector.properties["Timeout"]) + window["MaxValue"] <= visible_again_s
    assert window["MaxValue"] < LATE_AFTER_S  # else events would give way without a backlog


def test_deliver_ends_before_its_messages_come_back_even_with_the_slowest_receiver() -> None:
    """It waits for permits first, and reads and writes around its attempts."""
    (deliver,) = (each for each in FUNCTIONS if each.name == "DeliverFunction")
    slowest_s = concurrency.PATIENCE_S + webhook.MAX_TIMEOUT_S
    timeout_s = int(deliver.properties["Timeout"])
    assert slowest_s + 15 <= timeout_s
    assert timeout_s * 1000 < concurrency.DELIVER_LEASE_MS <= 60_000


def _is_dead_letters(reference: Any) -> bool:
    return template.resolve(reference, stack="").endswith("DeadLetters")


def _watched(variable: str) -> list[str]:
    """The queues whose names a variable of `sweep` holds."""
    [sweep] = [each for each in FUNCTIONS if each.name == "SweepFunction"]
    _, names = sweep.properties["Environment"]["Variables"][variable]["Fn::Join"]
    outputs = [
        name["Fn::GetAtt"]
        if "Fn::GetAtt" in name
        else name["Fn::Sub"].partition("=")[2].removeprefix("${").removesuffix("}").split(".", 1)
        for name in names
    ]
    return [template.resolve({"Fn::GetAtt": output}, stack="") for output in outputs]
