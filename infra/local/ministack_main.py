"""Runs ministack 1.5.33, after filling in what it lacks of AWS and our template relies on.

It is started by its file name, with the interpreter of .cloud/venv, and imports nothing of ours.
There are two kinds of gaps: things that ministack cannot do, and errors that it forgives though AWS
does not. The second kind matters as much: if the template lacks a permission, that must fail here,
and not only in a real account.
"""

import hashlib
import importlib
import importlib.util
import json
import logging
import os
import sys
import tempfile
import threading
import time
import types
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

# Properties that arrive as text if a parameter sets them, and must be integers.
WHOLE_NUMBERS: Final = (
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "MaximumConcurrency",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
)
POLL_CHECK_S: Final = 1.0  # how long a role's permission to read a source is not looked up again
FIRST_FAILURE: Final = 400  # the lowest status of HTTP that is an error
# The actions that a function's role needs to read a queue or a stream, by the service.
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


alarms: Final = _load("ministack_alarms")
metrics: Final = _load("ministack_metrics")
signatures: Final = _load("ministack_signatures")
usage: Final = _load("ministack_usage")
permissions: Final = _load("ministack_permissions")
journal: Final = _load("ministack_journal")
stores: Final = _load("ministack_stores")
memory: Final = _load("ministack_memory")
announcements: Final = _load("ministack_announcements")
updates: Final = _load("ministack_updates")


def fill_gaps() -> None:
    """Change ministack in place, because it offers no other way."""
    usage.watch()  # first: the changes below take functions out of the modules that it changes
    announcements.take_announcements()
    _know_archives()
    updates.keep_what_stays(
        _module("services.cloudformation.provisioners"),
        _module("services.cloudformation")._stacks,
    )
    _check_event_source_mappings()
    _check_polls()
    _check_targets()
    _check_failure_destinations()
    permissions.answer_for_redshift()
    permissions.know_external_ids()
    _name_actions_as_iam_does()
    _tell_functions_their_handler()
    _unpack_once()
    _keep_escapes_in_paths()
    metrics.know_ages_of_queues()
    metrics.take_metrics_of_logs(alarms)
    metrics.judge_alarms(alarms)
    metrics.count_answers_of_urls()
    app = _module("app")
    app.app = signatures.Gate(app=_durable(app.app), secret_of=_secret_of, note=_note_signature)
    # A bucket that takes only TLS would take nothing: loopback stands in for it.
    pin_origin = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, _secure: pin_origin(source_ip, True)  # noqa: FBT003 - its own signature


def _durable(app: Any) -> Any:
    """The application, which keeps what it answers for."""
    folder = Path(os.environ["STATE_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    kept = journal.Journal(file=folder / "journal.sqlite")
    if kept.torn_bytes:
        _warn(
            f"the last change in {kept.file} is not whole, as after a power cut; "
            f"{kept.torn_bytes} bytes are dropped"
        )
    remembering = memory.Memory(journal=kept, stores=stores, folder=folder)
    remembering.attach()
    durable = journal.Durable(app=app, journal=kept, note=_warn)
    return usage.Forgetting(memory.Saving(durable, remembering))


def _warn(line: str) -> None:
    logging.getLogger("penstock").warning(line)


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
    handlers_of_archives = {"create": _create_archive, "delete": _delete_archive}
    handlers.setdefault("AWS::Events::Archive", handlers_of_archives)


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
    """Turn numbers in text into integers, and check that the role may read the source."""
    mapping = _module("services.cloudformation.provisioners")._RESOURCE_HANDLERS[
        "AWS::Lambda::EventSourceMapping"
    ]
    create, functions = mapping["create"], _module("services.lambda_svc")

    def create_checked(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        _, config, _ = functions._get_func_record_for_ref(properties["FunctionName"])
        source, role = str(properties["EventSourceArn"]), (config or {}).get("Role", "")
        permissions.require(role, POLLS[source.split(":")[2]], on=source)
        _require_failure_destination(role, properties)
        return create(logical_id, _with_numbers(properties), stack_name)

    mapping["create"] = create_checked


def _check_polls() -> None:
    """Let a source be read only as long as its function's role permits it, as in AWS."""
    functions = _module("services.lambda_svc")
    mappings = functions._iter_all_esms
    checks: dict[str, tuple[float, bool]] = {}  # by mapping: when it was checked, and what came out

    def may_poll(mapping: Mapping[str, Any]) -> bool:
        source, now = str(mapping["EventSourceArn"]), time.monotonic()
        checked_at, may = checks.get(mapping["UUID"], (-POLL_CHECK_S, False))
        if now - checked_at >= POLL_CHECK_S:
            _, config, _ = functions._get_func_record_for_ref(mapping["FunctionName"])
            try:
                role = str((config or {}).get("Role", ""))
                permissions.require(role, POLLS[source.split(":")[2]], on=source)
                may = True
            except PermissionError:
                may = False
            checks[mapping["UUID"]] = (now, may)
        return may

    def permitted() -> Iterator[Any]:
        return (found for found in mappings() if may_poll(found[2]))

    functions._iter_all_esms = permitted


def _with_numbers(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(name, value) for name, value in properties.items()}


def _number(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _with_numbers(value)
    return int(value) if name in WHOLE_NUMBERS else value


def _check_targets() -> None:
    """Check the queue's policy for each rule, and the role of each schedule, as AWS does."""
    eventbridge, queues = _module("services.eventbridge"), _module("services.sqs")
    responses = _module("core.responses")
    invoke = eventbridge._invoke_target

    def invoke_checked(target: Mapping[str, Any], event: Any, rule: Any, view: Any = None) -> None:
        arn = str(target.get("Arn", ""))
        account = responses.get_account_id()
        if target.get("RoleArn"):
            permissions.require(str(target["RoleArn"]), ("lambda:InvokeFunction",), on=arn)
        elif ":sqs:" in arn and not queues.queue_policy_allows(
            arn, "events.amazonaws.com", str(rule.get("Arn", "")), account
        ):
            # As in AWS, the event is lost, and its producer gets no error.
            usage.note("denied", "events.amazonaws.com", "sqs:SendMessage", arn)
            return
        invoke(target, event, rule, view)
        usage.note("reached", str(rule.get("Arn", "")), arn)
        if ":sqs:" in arn:
            usage.note("sent", arn)

    eventbridge._invoke_target = invoke_checked


def _check_failure_destinations() -> None:
    """Check that a function's role may send to its failure destination.

    Lambda uses that role to report failures, and checks its permission at deployment too.
    """
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
        permissions.require(role_of(name), ("sqs:SendMessage",), on=target)
        report(target, name, event, result)
        usage.note("sent", target)

    create["create"] = configure_checked
    functions._route_async_failure = report_checked


def _require_failure_destination(role_arn: str, properties: Mapping[str, Any]) -> None:
    on_failure = properties.get("DestinationConfig", {}).get("OnFailure", {})
    if on_failure:
        permissions.require(role_arn, ("sqs:SendMessage",), on=str(on_failure["Destination"]))


def _name_actions_as_iam_does() -> None:
    """Treat batch actions of SQS as IAM does: SendMessage covers SendMessageBatch."""
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


def _keep_escapes_in_paths() -> None:
    """A Function URL hands the path on as it was sent, as in AWS; ministack would decode it.

    Decoded, an escaped slash in an id cannot be told from one between two parts of the path.
    """
    app = _module("app")
    handle = app._handle_special_data_plane_request

    async def handle_as_sent(method: str, path: str, headers: Any, *rest: Any, **more: Any) -> Any:
        is_function_url = app._parse_lambda_url(headers.get("host", ""), path) is not None
        sent = more.get("raw_path") if is_function_url else None
        return await handle(method, sent or path, headers, *rest, **more)

    app._handle_special_data_plane_request = handle_as_sent


def _unpack_once() -> None:
    """Let the copies of a function share the files of its zip, which is unpacked once.

    Otherwise most of a cold start was unpacking, and a demo left a gigabyte of copies to delete.
    """
    runtime = _module("core.lambda_runtime")
    folder, lock = Path(tempfile.mkdtemp(prefix="ministack-unpacked-")), threading.Lock()

    class SharedZip(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            content = Path(str(self.filename)).read_bytes()
            files = folder / hashlib.sha256(content).hexdigest()
            with lock:
                if not files.exists():
                    new_files = files.with_suffix(".new")
                    super().extractall(new_files, members, pwd)
                    new_files.rename(files)
            for each in files.iterdir():
                (Path(path) / each.name).symlink_to(each)

    runtime.zipfile = types.SimpleNamespace(
        ZipFile=SharedZip,
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,  # ministack uses this name for it
    )


if __name__ == "__main__":
    fill_gaps()
    _module("app").main()
