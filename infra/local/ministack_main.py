"""Runs ministack 1.5.33, after filling in what it lacks of AWS and our template relies on.

Started by file name with the interpreter of .cloud/venv; it imports nothing of ours. Two kinds of
gap: what it cannot do, and what it forgives though AWS does not. The second kind matters as much:
a permission that is missing from the template has to fail here, not in the first real account.
"""

import importlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

WHOLE_NUMBERS: Final = ("MaximumConcurrency", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds")
FIRST_FAILURE: Final = 400  # HTTP
POLLS: Final = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "dynamodb": ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
}


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def fill_gaps() -> None:
    """Change ministack in place; there is no public way in."""
    _know_archives()
    _check_event_source_mappings()
    _check_targets()
    _name_actions_as_iam_does()
    _tell_functions_their_handler()
    # A bucket that takes only TLS would take nothing: loopback stands in for it.
    app = _module("app")
    pin_origin = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, _secure: pin_origin(source_ip, True)  # noqa: FBT003 - its own signature


def _know_archives() -> None:
    handlers = _module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    known = {"create": _create_archive, "delete": _delete_archive}
    handlers.setdefault("AWS::Events::Archive", known)


def _create_archive(
    logical_id: str, properties: Mapping[str, Any], stack_name: str
) -> tuple[str, dict[str, str]]:
    name = properties.get("ArchiveName") or f"{stack_name}-{logical_id}"
    request = {
        "ArchiveName": name,
        "EventSourceArn": properties["SourceArn"],
        "Description": properties.get("Description", ""),
        "RetentionDays": int(properties.get("RetentionDays", 0)),
    }
    status, _, body = _module("services.eventbridge")._create_archive(request)
    if status >= FIRST_FAILURE:
        raise ValueError(f"AWS::Events::Archive create failed: {body!r}")
    return name, {"Arn": json.loads(body)["ArchiveArn"], "ArchiveName": name}


def _delete_archive(physical_id: str, _properties: Mapping[str, Any]) -> None:
    _module("services.eventbridge")._delete_archive({"ArchiveName": physical_id})


def _check_event_source_mappings() -> None:
    """Numbers that come from parameters become numbers, and the role must be allowed to poll."""
    mapping = _module("services.cloudformation.provisioners")._RESOURCE_HANDLERS[
        "AWS::Lambda::EventSourceMapping"
    ]
    create, functions = mapping["create"], _module("services.lambda_svc")

    def create_checked(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        _, config, _ = functions._get_func_record_for_ref(properties["FunctionName"])
        source = str(properties["EventSourceArn"])
        _require((config or {}).get("Role", ""), POLLS[source.split(":")[2]], on=source)
        return create(logical_id, _with_numbers(properties), stack_name)

    mapping["create"] = create_checked


def _with_numbers(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(name, value) for name, value in properties.items()}


def _number(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _with_numbers(value)
    return int(value) if name in WHOLE_NUMBERS else value


def _check_targets() -> None:
    """A rule needs the queue's policy, a schedule needs its role: otherwise nothing arrives."""
    eventbridge, queues = _module("services.eventbridge"), _module("services.sqs")
    responses = _module("core.responses")
    invoke = eventbridge._invoke_target

    def invoke_checked(target: Mapping[str, Any], event: Any, rule: Any, view: Any = None) -> None:
        arn = str(target.get("Arn", ""))
        account = responses.get_account_id()
        if target.get("RoleArn"):
            _require(str(target["RoleArn"]), ("lambda:InvokeFunction",), on=arn)
        elif ":sqs:" in arn and not queues.queue_policy_allows(
            arn, "events.amazonaws.com", str(rule.get("Arn", "")), account
        ):
            raise PermissionError(f"the policy of {arn} does not let {rule.get('Name')} send")
        invoke(target, event, rule, view)

    eventbridge._invoke_target = invoke_checked


def _require(role_arn: str, actions: Iterable[str], *, on: str) -> None:
    """Whether the role's own policies allow every action, as AWS asks before it acts for us."""
    iam, responses = _module("core.iam_evaluator"), _module("core.responses")
    account = responses.get_account_id()
    policies = iam._gather_role_policies(role_arn.rsplit("/", 1)[-1], account)
    for action in actions:
        context = iam.EvalContext(
            principal_arn=role_arn,
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=on,
            region=responses.get_region(),
        )
        if iam.evaluate(context, policies).decision != "Allow":
            raise PermissionError(f"{role_arn} may not {action} on {on}")


def _name_actions_as_iam_does() -> None:
    """IAM knows no batch actions of SQS: SendMessage covers SendMessageBatch."""
    iam = _module("core.iam_evaluator")
    matches = iam._action_matches

    def matches_single(action: str, actions: list[str], not_actions: list[str]) -> Any:
        single = action.removesuffix("Batch") if action.startswith("sqs:") else action
        return matches(single, actions, not_actions)

    iam._action_matches = matches_single


def _tell_functions_their_handler() -> None:
    runtime = _module("core.lambda_runtime")
    credentials = runtime.execution_credentials

    def with_handler(config: Mapping[str, Any]) -> dict[str, str]:
        return {**credentials(config), "_HANDLER": str(config.get("Handler", ""))}

    runtime.execution_credentials = with_handler  # goes into the environment, as Lambda's does


if __name__ == "__main__":
    fill_gaps()
    _module("app").main()
