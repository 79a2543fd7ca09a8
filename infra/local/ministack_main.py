"""Runs ministack 1.5.33, after filling in what it lacks of AWS and our template relies on.

Started by file name with the interpreter of .cloud/venv; it imports nothing of ours. Two kinds of
gap: what it cannot do, and what it forgives though AWS does not. The second kind matters as much:
a permission that is missing from the template has to fail here, not in the first real account.
"""

import hashlib
import importlib
import importlib.util
import json
import sys
import tempfile
import threading
import types
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

WHOLE_NUMBERS: Final = ("MaximumConcurrency", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds")
FIRST_FAILURE: Final = 400  # HTTP
POLLS: Final = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "dynamodb": (
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ),
}


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def _load(name: str) -> Any:
    # By its path: with its folder on sys.path other modules would shadow those of ministack.
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for the module of their fields
    spec.loader.exec_module(module)
    return module


signatures: Final = _load("ministack_signatures")
usage: Final = _load("ministack_usage")


def fill_gaps() -> None:
    """Change ministack in place; there is no public way in."""
    usage.watch()  # first: others take names out of the modules that it changes
    _know_archives()
    _check_event_source_mappings()
    _check_targets()
    _check_failure_destinations()
    _answer_for_redshift()
    _name_actions_as_iam_does()
    _tell_functions_their_handler()
    _unpack_once()
    app = _module("app")
    app.app = signatures.Gate(app=app.app, secret_of=_secret_of, note=_note_signature)
    # A bucket that takes only TLS would take nothing: loopback stands in for it.
    pin_origin = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, _secure: pin_origin(source_ip, True)  # noqa: FBT003 - its own signature


def _secret_of(access_key: str) -> str | None:
    """The secret of a key, or None when ministack does not take the key and will say so itself."""
    iam, responses = _module("core.iam_evaluator"), _module("core.responses")
    account = (
        responses._account_from_sts_session(access_key)
        or iam.find_iam_access_key_account(access_key)
        or responses.get_account_id()
    )
    credential = iam.resolve_credential(access_key, account)
    if isinstance(credential, iam.CredentialResolutionError):
        return None
    return str(credential.secret_access_key)


def _note_signature(claimed: Any, refused: str | None) -> None:
    session = _module("services.sts")._sessions.get(claimed.access_key) or {}
    caller = usage.role_name(str(session.get("Arn", "root")))
    if refused is None:
        usage.note("verified", caller, claimed.service)
    else:
        usage.note("denied", caller, refused, claimed.service)


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
        source, role = str(properties["EventSourceArn"]), (config or {}).get("Role", "")
        _require(role, POLLS[source.split(":")[2]], on=source)
        _require_failure_destination(role, properties)
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
            # The producer hears nothing of it, as in AWS.
            usage.note("denied", "events.amazonaws.com", "sqs:SendMessage", arn)
            return
        invoke(target, event, rule, view)
        usage.note("reached", str(rule.get("Arn", "")), arn)
        if ":sqs:" in arn:
            usage.note("sent", arn)

    eventbridge._invoke_target = invoke_checked


def _check_failure_destinations() -> None:
    """Lambda reports a failure with the function's own role, and asks for it at deployment."""
    create = _module("services.cloudformation.provisioners")._RESOURCE_HANDLERS[
        "AWS::Lambda::EventInvokeConfig"
    ]
    functions = _module("services.lambda_svc")
    configure, report = create["create"], functions._route_async_failure

    def role_of(name: str) -> str:
        _, config, _ = functions._get_func_record_for_ref(name)
        return str((config or {}).get("Role", ""))

    def configure_checked(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        _require_failure_destination(role_of(str(properties["FunctionName"])), properties)
        return configure(logical_id, properties, stack_name)

    def report_checked(target: str, name: str, event: Any, result: Any) -> None:
        _require(role_of(name), ("sqs:SendMessage",), on=target)
        report(target, name, event, result)
        usage.note("sent", target)

    create["create"] = configure_checked
    functions._route_async_failure = report_checked


def _require_failure_destination(role_arn: str, properties: Mapping[str, Any]) -> None:
    on_failure = properties.get("DestinationConfig", {}).get("OnFailure", {})
    if on_failure:
        _require(role_arn, ("sqs:SendMessage",), on=str(on_failure["Destination"]))


def _answer_for_redshift() -> None:
    """The Redshift stand-in asks by SimulatePrincipalPolicy whether the holder of a key may act.

    It knows no more of its callers than their access keys, so these are taken for principals.
    """
    service, iam = _module("services.iam"), _module("core.iam_evaluator")
    simulate, responses = service._simulate_principal_policy, _module("core.responses")

    def simulate_by_key(request: Mapping[str, Any]) -> Any:
        key = service._p(request, "PolicySourceArn").strip()  # an ARN has 20 characters at least
        if key.startswith("arn:"):
            return simulate(request)
        account = responses.get_account_id()
        principal = iam.resolve_principal(key, account)
        actions, resource = service._extract_simulate_params(request)
        allowed = [
            _decides(principal, action, on=resource) if principal.policies is not None else True
            for action in actions
        ]
        members = "".join(
            f"<member><EvalActionName>{action}</EvalActionName>"
            f"<EvalDecision>{'allowed' if may else 'implicitDeny'}</EvalDecision></member>"
            for action, may in zip(actions, allowed, strict=True)
        )
        return service._xml(
            200,
            "SimulatePrincipalPolicyResponse",
            f"<SimulatePrincipalPolicyResult><EvaluationResults>{members}</EvaluationResults>"
            "<IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>",
            ns="iam",
        )

    service._IAM_HANDLERS["SimulatePrincipalPolicy"] = simulate_by_key
    trusts = iam.evaluate_trust_policy

    def trusts_here(document: Any, caller: str, context: Any = None) -> Any:
        # Ministack lets root stand for every service; services say for which account they act.
        if context is not None and caller.endswith(":root"):
            account = responses.get_account_id()
            context.service_context.setdefault("aws:sourceaccount", account)
        return trusts(document, caller, context)

    iam.evaluate_trust_policy = trusts_here


def _require(role_arn: str, actions: Iterable[str], *, on: str) -> None:
    """Whether the role's own policies allow every action, as AWS asks before it acts for us."""
    iam, responses = _module("core.iam_evaluator"), _module("core.responses")
    account = responses.get_account_id()
    policies = iam._gather_role_policies(role_arn.rsplit("/", 1)[-1], account)
    role = iam.PrincipalInfo(role_arn, "AssumedRole", account, policies)
    for action in actions:
        if not _decides(role, action, on=on):
            raise PermissionError(f"{role_arn} may not {action} on {on}")


def _decides(principal: Any, action: str, *, on: str) -> bool:
    iam, responses = _module("core.iam_evaluator"), _module("core.responses")
    caller = principal.keys.get("aws:userid", "")
    context = iam.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=on,
        region=responses.get_region(),
        principal_keys=principal.keys,
        # Nobody here asks for another's statements, and the variable is not filled in for us.
        service_context={
            "redshift-data:statement-owner-iam-userid": "${aws:userid}" if caller else ""
        },
    )
    result = iam.evaluate(context, principal.policies)
    usage.note_decision(context, result)
    return bool(result.decision == "Allow")


def _name_actions_as_iam_does() -> None:
    """IAM knows no batch actions of SQS: SendMessage covers SendMessageBatch."""
    iam = _module("core.iam_evaluator")
    matches = iam._action_matches

    def matches_single(action: str, actions: list[str], not_actions: list[str]) -> Any:
        return matches(usage.single(action), actions, not_actions)

    iam._action_matches = matches_single


def _tell_functions_their_handler() -> None:
    runtime = _module("core.lambda_runtime")
    credentials = runtime.execution_credentials

    def with_handler(config: Mapping[str, Any]) -> dict[str, str]:
        return {**credentials(config), "_HANDLER": str(config.get("Handler", ""))}

    runtime.execution_credentials = with_handler  # goes into the environment, as Lambda's does


def _unpack_once() -> None:
    """Copies of a function share what is in their zips, as those in AWS share an image.

    Unpacking was most of a cold start, and a demo left a gigabyte of copies to be deleted.
    """
    runtime = _module("core.lambda_runtime")
    unpacked, lock = Path(tempfile.mkdtemp(prefix="ministack-unpacked-")), threading.Lock()

    class SharedZip(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            zipped = Path(str(self.filename)).read_bytes()
            held = unpacked / hashlib.sha256(zipped).hexdigest()
            with lock:
                if not held.exists():
                    fresh = held.with_suffix(".new")
                    super().extractall(fresh, members, pwd)
                    fresh.rename(held)
            for each in held.iterdir():
                (Path(path) / each.name).symlink_to(each)

    runtime.zipfile = types.SimpleNamespace(
        ZipFile=SharedZip,
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,  # by the name that ministack has for it
    )


if __name__ == "__main__":
    fill_gaps()
    _module("app").main()
