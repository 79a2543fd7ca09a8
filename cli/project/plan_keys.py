"""Compares the API keys that a file declares with those of a tenant.

A key that was rotated goes on under its name: its successor is the one that is compared. The key
that the caller calls with is as good as not there, because no file can be applied with a key that
the same file makes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cli._errors import CommandFailed
from cli.project import plan
from cli.project.api_keys import DeclaredKey
from cli.project.plan import Change, Kind, Row, Step


def in_use(rows: Sequence[Row], *, own_sha256: str, now: str) -> tuple[Row, ...]:
    """The keys that a file can name.

    Args:
        rows: those of the tenant.
        own_sha256: the hash of the key that the caller calls with.
        now: ISO 8601; keys that have ended by then are left out, and so are those with a successor.
    """
    return tuple(
        row
        for row in rows
        if row["sha256"] != own_sha256
        and row["replaced_by"] is None
        and (row["expires_at"] is None or row["expires_at"] > now)
    )


def of_keys(
    declared: Sequence[DeclaredKey], rows: Sequence[Row], *, webhooks: Sequence[Row]
) -> tuple[Step, ...]:
    """What is to be done about API keys.

    Args:
        declared: those of the file.
        rows: those of the tenant that a file can name, by `in_use`.
        webhooks: the tenant's.

    Raises:
        CommandFailed: code `ambiguous_name` or `cannot_change`.
    """
    names = {row["id"]: row["name"] for row in webhooks}
    return tuple(_key(each, plan.only(rows, Kind.KEY, each.name), names) for each in declared)


def shown(row: Row, webhook_names: Mapping[str, str]) -> dict[str, Any]:
    """What a key of the tenant may do, and until when, as a file's are compared with it."""
    of_webhook = row["webhook_id"]
    return {
        "scopes": sorted(row["scopes"]),
        "webhook": None if of_webhook is None else webhook_names.get(of_webhook, of_webhook),
        "expires_at": row["expires_at"],
    }


def _key(declared: DeclaredKey, row: Row | None, webhook_names: Mapping[str, str]) -> Step:
    wanted = {
        "scopes": list(declared.scopes),
        "webhook": declared.webhook,
        "expires_at": declared.expires_at,
    }
    before = {} if row is None else shown(row, webhook_names)
    changes = tuple(
        Change(field=name, before=before.get(name), after=after)
        for name, after in wanted.items()
        if before.get(name) != after
    )
    if row is None:
        body = {"name": declared.name, **{name: each for name, each in wanted.items() if each}}
        return plan.step(Kind.KEY, declared.name, row, changes=changes, body=body)
    fixed = [change.field for change in changes if change.field != "scopes"]
    if fixed:
        fields = " and ".join(fixed)
        raise CommandFailed(
            f"key {declared.name!r} ({row['id']}) has another {fields} than the file says, which"
            " cannot be changed. Give the file's another name, hand its key out, and put the old"
            " one among the removed",
            code="cannot_change",
        )
    body = {change.field: change.after for change in changes}
    return plan.step(Kind.KEY, declared.name, row, changes=changes, body=body)
