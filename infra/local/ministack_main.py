"""Runs ministack with what it lacks of our template filled in.

Started by file name with the interpreter of .cloud/venv; it imports nothing of ours. Each gap
names what to look for in a newer release, so that it can go.
"""

import importlib
import json
from collections.abc import Mapping
from typing import Any


WHOLE_NUMBERS = ("MaximumConcurrency", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds")


def fill_gaps() -> None:
    """Make ministack 1.5.33 take our template as CloudFormation does."""
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS  # noqa: SLF001 - there is no public way in
    # It does not know event archives.
    handlers.setdefault(
        "AWS::Events::Archive", {"create": _create_archive, "delete": _delete_archive}
    )
    # A number that comes from a parameter stays a string, and then its poller cannot compare it.
    mapping = handlers["AWS::Lambda::EventSourceMapping"]
    create = mapping["create"]
    mapping["create"] = lambda logical_id, properties, stack_name: create(
        logical_id, _with_numbers(properties), stack_name
    )


def _with_numbers(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(name, value) for name, value in properties.items()}


def _number(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _with_numbers(value)
    return int(value) if name in WHOLE_NUMBERS else value


def _create_archive(
    logical_id: str, properties: Mapping[str, Any], stack_name: str
) -> tuple[str, dict[str, str]]:
    name = properties.get("ArchiveName") or f"{stack_name}-{logical_id}"
    request = {
        "ArchiveName": name,
        "EventSourceArn": properties["SourceArn"],
        "Description": properties.get("Description", ""),
        "RetentionDays": int(properties.get("RetentionDays", 0)),
        "EventPattern": json.dumps(properties.get("EventPattern") or {}),
    }
    if request["EventPattern"] == "{}":
        del request["EventPattern"]
    status, _, body = _eventbridge()._create_archive(request)
    if status >= 400:
        raise ValueError(f"AWS::Events::Archive create failed: {body!r}")
    return name, {"Arn": json.loads(body)["ArchiveArn"], "ArchiveName": name}


def _delete_archive(physical_id: str, _properties: Mapping[str, Any]) -> None:
    _eventbridge()._delete_archive({"ArchiveName": physical_id})


def _eventbridge() -> Any:
    return importlib.import_module("ministack.services.eventbridge")


if __name__ == "__main__":
    fill_gaps()
    importlib.import_module("ministack.app").main()
