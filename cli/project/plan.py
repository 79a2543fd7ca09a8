"""Compares what a `penstock.toml` declares with what a tenant has: what is to be done, and why.

Things are matched by name. What the API seals can be compared only by what it shows of it: the
names of headers, the kind of login, whether there is a certificate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from cli._errors import CommandFailed
from cli.project.syncs import DeclaredSync
from cli.project.webhooks import DeclaredWebhook
from runtime.core.warehouse.sync import DestinationKind
from runtime.core.webhooks.webhook import KeyKind

SEALED: Final = ("headers", "auth", "client_certificate")
SENT_AGAIN: Final = "(sent again)"

Row = Mapping[str, Any]  # a webhook or a sync as the API shows it


class Kind(StrEnum):
    """What kind of thing a step is about."""

    WEBHOOK = "webhook"
    SYNC = "sync"


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    CHANGE = "change"
    SAME = "same"  # nothing: the tenant has it as the file says


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that a step changes, without a secret in it."""

    field: str  # as the file names it
    before: Any  # any JSON; None where there was nothing
    after: Any  # any JSON; None where there will be nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done about one declared thing."""

    kind: Kind
    name: str
    action: Action
    id: str | None  # None: it is to be created
    etag: str | None  # of the thing as it was compared; None: it is to be created
    changes: tuple[Change, ...]  # of a creation all settings that the file names or implies
    # The fields to send, with FromEnvironment for each secret; empty where nothing is to be sent.
    body: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The step as `--json` prints it."""
        changes = [asdict(change) for change in self.changes]
        return {
            "kind": str(self.kind),
            "name": self.name,
            "action": str(self.action),
            "id": self.id,
            "changes": changes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Something that the tenant has and the file does not name; nothing is done about it."""

    kind: Kind
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be done, in the order of the file, and what the file does not name."""

    steps: tuple[Step, ...]
    not_in_file: tuple[Other, ...]

    @property
    def to_do(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action is not Action.SAME)


def of_webhooks(
    declared: Sequence[DeclaredWebhook], rows: Sequence[Row], *, send_secrets: bool
) -> Plan:
    """What is to be done about webhooks.

    Args:
        declared: those of the file.
        rows: those of the tenant.
        send_secrets: send what is sealed again, although nothing that is shown of it differs.

    Raises:
        CommandFailed: code `ambiguous_name` or `cannot_change`.
    """
    return Plan(
        steps=tuple(
            _webhook(each, _only(rows, Kind.WEBHOOK, each.name), send_secrets=send_secrets)
            for each in declared
        ),
        not_in_file=_others(rows, Kind.WEBHOOK, {each.name for each in declared}),
    )


def of_syncs(declared: Sequence[DeclaredSync], rows: Sequence[Row]) -> Plan:
    """What is to be done about syncs; for the arguments and errors see `of_webhooks`."""
    return Plan(
        steps=tuple(_sync(each, _only(rows, Kind.SYNC, each.name)) for each in declared),
        not_in_file=_others(rows, Kind.SYNC, {each.name for each in declared}),
    )


def _only(rows: Sequence[Row], kind: Kind, name: str) -> Row | None:
    same_name = [row for row in rows if row["name"] == name]
    if len(same_name) > 1:
        ids = ", ".join(row["id"] for row in same_name)
        raise CommandFailed(
            f"the tenant has {len(same_name)} {kind}s called {name!r} ({ids}), and the file means"
            f" one; rename or delete the others by `penstock {kind}s update` or `delete`",
            code="ambiguous_name",
        )
    return same_name[0] if same_name else None


def _others(rows: Sequence[Row], kind: Kind, names: set[str]) -> tuple[Other, ...]:
    return tuple(
        Other(kind=kind, id=row["id"], name=row["name"]) for row in rows if row["name"] not in names
    )


def _webhook(declared: DeclaredWebhook, row: Row | None, *, send_secrets: bool) -> Step:
    if row is None:
        return _new_webhook(declared)
    _check_unchangeable(declared, row)
    body: dict[str, Any] = {}
    changes: list[Change] = []
    for change in _open_changes(declared, row):
        changes.append(change)
        body[change.field] = change.after
    for change in _sealed_changes(declared, row, send_secrets=send_secrets):
        changes.append(change)
        # Without headers the API takes an empty table, without the others null.
        empty: Any = {} if change.field == "headers" else None
        body[change.field] = getattr(declared, change.field) or empty
    return Step(
        kind=Kind.WEBHOOK,
        name=declared.name,
        action=Action.CHANGE if changes else Action.SAME,
        id=row["id"],
        etag=row["etag"],
        changes=tuple(changes),
        body=body,
    )


def _new_webhook(declared: DeclaredWebhook) -> Step:
    body: dict[str, Any] = {"name": declared.name, **declared.settings}
    if declared.enabled is not None:
        body["enabled"] = declared.enabled
    if declared.has_private_key:
        body["ed25519"] = True
    shown = {name: value for name, value in body.items() if name != "name" and value is not None}
    for name in (*SEALED, "secret"):
        if getattr(declared, name) is not None:
            body[name] = getattr(declared, name)
            shown[name] = _shown(name, body[name])
    return Step(
        kind=Kind.WEBHOOK,
        name=declared.name,
        action=Action.CREATE,
        id=None,
        etag=None,
        changes=tuple(Change(field=name, before=None, after=shown[name]) for name in shown),
        body=body,
    )


def _check_unchangeable(declared: DeclaredWebhook, row: Row) -> None:
    if declared.settings["format"] != row["format"]:
        raise CommandFailed(
            f"webhook {declared.name!r} ({row['id']}) has the format {row['format']}, which cannot"
            f" be changed to {declared.settings['format']}; give the file's another name, and"
            " delete the old one when the new one works",
            code="cannot_change",
        )
    kinds = {key["kind"] for key in row["signing_keys"]}
    if declared.has_private_key and KeyKind.ED25519 not in kinds:
        raise CommandFailed(
            f"webhook {declared.name!r} ({row['id']}) has no private key;"
            f" `penstock webhooks rotate-secret {row['id']} --ed25519` gives it one",
            code="cannot_change",
        )


def _open_changes(declared: DeclaredWebhook, row: Row) -> Iterator[Change]:
    """The changes of what the API shows."""
    settings = dict(declared.settings)
    if declared.enabled is not None:
        settings["enabled"] = declared.enabled
    for name, after in settings.items():
        before = row[name]
        if _comparable(name, before) != _comparable(name, after):
            yield Change(field=name, before=before, after=after)


def _comparable(name: str, value: Any) -> Any:
    return sorted(value) if name == "topics" else value


def _sealed_changes(declared: DeclaredWebhook, row: Row, *, send_secrets: bool) -> Iterator[Change]:
    before = {
        "headers": sorted(name.lower() for name in row["header_names"]) or None,
        "auth": row["auth_kind"],
        "client_certificate": True if row["certificate_expires_at"] else None,
    }
    for name in SEALED:
        value = getattr(declared, name)
        after = None if value is None else _shown(name, value)
        if before[name] != after:
            yield Change(field=name, before=before[name], after=after)
        elif send_secrets and value is not None:
            yield Change(field=name, before=after, after=SENT_AGAIN)


def _shown(name: str, value: Any) -> Any:
    """What the API shows of a sealed setting."""
    match name:
        case "headers":
            return sorted(header.lower() for header in value)
        case "auth":
            return value["kind"]
        case "secret":
            return f"(from {value.variable})"
        case _:
            return True


def _sync(declared: DeclaredSync, row: Row | None) -> Step:
    changes: list[Change] = []
    if row is None:
        changes.append(Change(field="kind", before=None, after=str(declared.kind)))
        declared_values = {name: getattr(declared, name) for name in ("schedule", "selection")}
        changes.extend(
            Change(field=name, before=None, after=after)
            for name, after in declared_values.items()
            if after is not None
        )
        if declared.enabled is False:
            changes.append(Change(field="enabled", before=None, after=False))
    else:
        _check_kind(declared, row)
        for name in ("schedule", "selection", "enabled"):
            after = getattr(declared, name)
            if after is not None and after != row[name]:
                changes.append(Change(field=name, before=row[name], after=after))
    action = Action.CREATE if row is None else Action.CHANGE if changes else Action.SAME
    return Step(
        kind=Kind.SYNC,
        name=declared.name,
        action=action,
        id=None if row is None else row["id"],
        etag=None if row is None else row["etag"],
        changes=tuple(changes),
        body={change.field: change.after for change in changes},
    )


def _check_kind(declared: DeclaredSync, row: Row) -> None:
    if DestinationKind(row["kind"]) is not declared.kind:
        raise CommandFailed(
            f"sync {declared.name!r} ({row['id']}) loads into {row['kind']}, which cannot be"
            f" changed to {declared.kind}; another destination is another sync, with another name",
            code="cannot_change",
        )
