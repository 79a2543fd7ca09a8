"""Compares a project with what its tenant has, in the order in which things depend on each other.

Functions come before the webhooks whose payloads they make, and webhooks before the keys that are
for one of them. What is deleted is deleted last, and the other way round.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cli import client
from cli._errors import CommandFailed
from cli.client import Client
from cli.project import plan, plan_functions, plan_keys, plan_transforms
from cli.project.plan import Kind, Other, Plan, Row, Step
from cli.project.project import Project

_DELETED_IN_ORDER: Final = (Kind.KEY, Kind.SYNC, Kind.TRANSFORM, Kind.WEBHOOK, Kind.FUNCTION)


def compare(
    project: Project, api: Client, *, now: str, send_secrets: bool = False, prune: bool = False
) -> Plan:
    """What is to be done so that the tenant has what the file says.

    Args:
        project: what the file says.
        api: the tenant's.
        now: ISO 8601; an API key that has ended by then is as good as not there.
        send_secrets: send again what is sealed, although nothing that is shown of it differs.
        prune: delete what the file does not name, of each kind that it has a section for.

    Raises:
        CommandFailed: code `ambiguous_name`, `cannot_change` or `unknown_function`; or the API
            refuses to list something.
    """
    rows = {kind: rows_of(kind, api, now=now) for kind in Kind if _is_about(project, kind)}
    webhooks = plan.of_webhooks(project.webhooks, rows[Kind.WEBHOOK], send_secrets=send_secrets)
    syncs = plan.of_syncs(project.syncs, rows[Kind.SYNC], send_secrets=send_secrets)
    functions = plan_functions.of_functions(
        project.functions,
        rows.get(Kind.FUNCTION, ()),
        version_of=lambda name, number: version(api, name, number),
        send_secrets=send_secrets,
    )
    transforms = plan_transforms.of_transforms(project.transforms, rows.get(Kind.TRANSFORM, ()))
    keys = plan_keys.of_keys(project.keys, rows.get(Kind.KEY, ()), webhooks=rows[Kind.WEBHOOK])
    _check_payload_makers(project, rows.get(Kind.FUNCTION, ()))
    deletions, left = _parted(_not_in_file(project, rows), project, prune=prune)
    steps = (*functions, *transforms, *webhooks.steps, *syncs.steps, *keys, *deletions)
    return Plan(steps=steps, not_in_file=left)


def rows_of(kind: Kind, api: Client, *, now: str) -> list[Row]:
    """What the tenant has of a kind, each with an `id`."""
    rows = list(api.each(kind.path, limit=sys.maxsize))
    match kind:
        case Kind.FUNCTION:
            return [{**row, "id": row["name"]} for row in rows]
        case Kind.KEY:
            return list(plan_keys.in_use(rows, own_sha256=api.key_sha256, now=now))
        case _:
            return rows


def version(api: Client, name: str, number: int) -> Mapping[str, Any]:
    """A version of a function with its source."""
    shown: Mapping[str, Any] = api.get(f"/v1/functions/{client.segment(name)}/versions/{number}")
    return shown


def _is_about(project: Project, kind: Kind) -> bool:
    """Whether things of the kind are looked at: a key need not read what the file says nothing of.

    Of functions that `functions push` makes, only webhooks want to know.
    """
    if kind in {Kind.WEBHOOK, Kind.SYNC} or project.removed.get(kind.section):
        return True
    if kind is not Kind.FUNCTION:
        return kind.section in project.sections
    has_transform = any(each.settings["transform"] is not None for each in project.webhooks)
    return has_transform or _owns(project, kind)


def _owns(project: Project, kind: Kind) -> bool:
    """Whether what the tenant has of the kind is to be what the file names."""
    if kind is Kind.FUNCTION and not project.functions and project.pushed_functions:
        return False
    return kind.section in project.sections


def _not_in_file(project: Project, rows: Mapping[Kind, Sequence[Row]]) -> Iterator[Other]:
    names = {
        Kind.FUNCTION: {each.name for each in project.functions} | project.pushed_functions,
        Kind.TRANSFORM: {each.name for each in project.transforms},
        Kind.WEBHOOK: {each.name for each in project.webhooks},
        Kind.SYNC: {each.name for each in project.syncs},
        Kind.KEY: {each.name for each in project.keys},
    }
    for kind, each in rows.items():
        there = [row for row in each if row.get("deleted_at") is None]
        yield from plan.others(there, kind, names[kind])


def _parted(
    others: Iterator[Other], project: Project, *, prune: bool
) -> tuple[tuple[Step, ...], tuple[Other, ...]]:
    """What is deleted of what the file does not name, in its order, and what is left alone."""
    gone: list[Other] = []
    left: list[Other] = []
    for other in others:
        is_removed = other.name in project.removed.get(other.kind.section, ())
        if is_removed or (prune and _owns(project, other.kind)):
            gone.append(other)
        elif _owns(project, other.kind) or other.kind in {Kind.WEBHOOK, Kind.SYNC}:
            left.append(other)
    gone.sort(key=lambda other: _DELETED_IN_ORDER.index(other.kind))
    return tuple(map(plan.deletion, gone)), tuple(left)


def _check_payload_makers(project: Project, rows: Sequence[Row]) -> None:
    """Refuse transforms of webhooks that no version of a function could make."""
    makers = {each.settings["transform"]: each for each in reversed(project.webhooks)}
    makers.pop(None, None)
    made = {each.name for each in project.functions if each.publish}
    functions = {row["name"]: row for row in rows}
    for name, webhook in makers.items():
        if name in made:
            continue
        function = functions.get(name)
        if function is None or function["deleted_at"] is not None:
            state, remedy = "does not exist", f"push {name}.py --publish"
        elif function["live_version"] is None:
            state, remedy = "is not published", f"publish {name}"
        else:
            continue
        raise CommandFailed(
            f"webhooks.{webhook.name}.transform: the function {name!r} {state};"
            f" `penstock functions {remedy}` makes it live",
            code="unknown_function",
        )
