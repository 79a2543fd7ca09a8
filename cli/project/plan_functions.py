"""Compares the functions that a file declares, with their source, with those of a tenant."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from cli import _diff
from cli.project import applied_functions, plan
from cli.project.applied_functions import AppliedFunction
from cli.project.plan import Change, Kind, Row, Step
from cli.project.sealed import FromEnvironment

HASH_CHARS: Final = 12  # of a source's hash, as `functions versions list` shows it
SOURCE_OF: Final = "source"

# The version of a function as the API shows it, with its source.
Version = Mapping[str, Any]
Find = Callable[[str, int], Version]


def of_functions(
    declared: Sequence[AppliedFunction],
    rows: Sequence[Row],
    *,
    version_of: Find,
    send_secrets: bool,
) -> tuple[Step, ...]:
    """What is to be done about functions.

    Args:
        declared: those of the file.
        rows: those of the tenant, each with its name as `id`.
        version_of: shows a version, by the function's name and the version's number.
        send_secrets: set the values of secrets again, although they have some.
    """
    return tuple(
        _function(
            each,
            plan.only(rows, Kind.FUNCTION, each.name),
            version_of=version_of,
            send_secrets=send_secrets,
        )
        for each in declared
    )


def shown_settings(row: Row) -> dict[str, Any]:
    """The settings of a function of the tenant, as a file's are compared with them."""
    return {
        "triggers": row["triggers"],
        "http_hosts": row["http_hosts"],
        "environment": row["environment"],
        "secrets": sorted(row["secrets"]),
        "limits": row["limits"],
        "retry": row["retry"],
        "engine": row["engine"],
    }


def _function(
    declared: AppliedFunction, row: Row | None, *, version_of: Find, send_secrets: bool
) -> Step:
    values = _values_to_set(declared, row, send_secrets=send_secrets)
    changes = [
        *_restored(row),
        *_settings(declared, row),
        *_switched(declared, row),
        *_source(declared, row, version_of=version_of),
        *(
            Change(field=f"secrets.{name}", before=None, after=f"(from {value.variable})")
            for name, value in values.items()
        ),
    ]
    fields = {change.field for change in changes}
    return plan.step(
        Kind.FUNCTION,
        declared.name,
        row,
        changes=changes,
        body={
            "restore": "deleted_at" in fields,
            "settings": {
                name: value
                for name, value in declared.settings.items()
                if row is None or name in fields
            },
            "secret_values": values,
            "source": declared.text if SOURCE_OF in fields else None,
            "publish": declared.publish,
            "enabled": declared.enabled if "enabled" in fields else None,
        },
    )


def _restored(row: Row | None) -> Iterator[Change]:
    """A function that is deleted, and can be restored still, is restored."""
    if row is not None and row["deleted_at"] is not None:
        yield Change(field="deleted_at", before=row["deleted_at"], after=None)


def _settings(declared: AppliedFunction, row: Row | None) -> Iterator[Change]:
    before = applied_functions.of_new_function() if row is None else shown_settings(row)
    for name, after in declared.settings.items():
        if _comparable(name, before[name]) != _comparable(name, after):
            yield Change(field=name, before=None if row is None else before[name], after=after)


def _comparable(name: str, value: Any) -> Any:
    match name:
        case "triggers":
            return [(sorted(each["topics"]), each["filter"]) for each in value]
        case "http_hosts":
            return sorted(value)
        case _:
            return value


def _switched(declared: AppliedFunction, row: Row | None) -> Iterator[Change]:
    is_enabled = True if row is None else row["enabled"]
    if declared.enabled is not None and declared.enabled != is_enabled:
        yield Change(field="enabled", before=is_enabled, after=declared.enabled)


def _source(declared: AppliedFunction, row: Row | None, *, version_of: Find) -> Iterator[Change]:
    """The text of the file, if the version that counts has another one, or another engine."""
    number = _version(declared, row)
    before = None if row is None or not number else version_of(declared.name, number)
    after = hashlib.sha256(declared.text.encode()).hexdigest()
    engine = declared.settings["engine"]
    if (
        before is not None
        and before["source_sha256"] == after
        and engine in (None, before["engine"])
    ):
        return
    old = "" if before is None else before["source"]
    yield Change(
        field=SOURCE_OF,
        before=None if before is None else before["source_sha256"][:HASH_CHARS],
        after=after[:HASH_CHARS],
        diff=tuple(
            _diff.unified(
                _diff.lines_of(old),
                _diff.lines_of(declared.text),
                before_name=f"{declared.name} version {number}",
                after_name=declared.source,
            )
            if before is not None
            else ()
        ),
    )


def _version(declared: AppliedFunction, row: Row | None) -> int | None:
    """The version that the file's text is compared with: the live one, or else the latest."""
    if row is None:
        return None
    number: int | None = row["live_version"] if declared.publish else row["latest_version"]
    return number


def _values_to_set(
    declared: AppliedFunction, row: Row | None, *, send_secrets: bool
) -> dict[str, FromEnvironment]:
    has_value = {} if row is None else row["secrets"]
    return {
        name: value
        for name, value in declared.secret_values.items()
        if send_secrets or not has_value.get(name)
    }
