"""Compares what a project's file declares with what a tenant has: what is to be done, and why.

Things are matched by name. What the API seals can be compared only by what it shows of it: the
names of headers, the kind of login, whether there is a certificate.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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

    FUNCTION = "function"
    TRANSFORM = "transform"
    WEBHOOK = "webhook"
    SYNC = "sync"
    KEY = "key"

    @property
    def section(self) -> str:
        """The section of the file that is about things of this kind."""
        return f"{self}s"

    @property
    def path(self) -> str:
        """Where the API has things of this kind."""
        return "/v1/api-keys" if self is Kind.KEY else f"/v1/{self}s"


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    CHANGE = "change"
    SAME = "same"  # nothing: the tenant has it as the file says
    DELETE = (
        "delete"  # the file has it among what is removed, or does not name it and --prune is on
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that a step changes, without a secret in it."""

    field: str  # as the file names it
    before: Any  # any JSON; None where there was nothing
    after: Any  # any JSON; None where there will be nothing
    # Of a text of many lines how it differs, as a unified diff; empty for all else.
    diff: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The change as `--json` prints it."""
        document = asdict(self)
        if not self.diff:
            del document["diff"]
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done about one thing."""

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
        changes = [change.to_json() for change in self.changes]
        return {
            "kind": str(self.kind),
            "name": self.name,
            "action": str(self.action),
            "id": self.id,
            "changes": changes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Something that the tenant has and the file does not name."""

    kind: Kind
    id: str
    name: str
    etag: str  # as it was compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be done, in its order, and what the file does not name."""

    steps: tuple[Step, ...]
    not_in_file: tuple[Other, ...]  # nothing is done about it

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
            _webhook(each, only(rows, Kind.WEBHOOK, each.name), send_secrets=send_secrets)
            for each in declared
        ),
        not_in_file=others(rows, Kind.WEBHOOK, {each.name for each in declared}),
    )


def of_syncs(declared: Sequence[DeclaredSync], rows: Sequence[Row], *, send_secrets: bool) -> Plan:
    """What is to be done about syncs; for the arguments and errors see `of_webhooks`."""
    return Plan(
        steps=tuple(
            _sync(each, only(rows, Kind.SYNC, each.name), send_secrets=send_secrets)
            for each in declared
        ),
        not_in_file=others(rows, Kind.SYNC, {each.name for each in declared}),
    )


def only(rows: Sequence[Row], kind: Kind, name: str) -> Row | None:
    """The one thing of this name; None where there is none.

    Raises:
        CommandFailed: code `ambiguous_name`: there are several.
    """
    same_name = [row for row in rows if row["name"] == name]
    if len(same_name) > 1:
        ids = ", ".join(row["id"] for row in same_name)
        commands = (
            "`penstock keys revoke`"
            if kind is Kind.KEY
            else (f"`penstock {kind}s update` or `delete`")
        )
        raise CommandFailed(
            f"the tenant has {len(same_name)} {kind}s called {name!r} ({ids}), and the file means"
            f" one; rename or delete the others by {commands}",
            code="ambiguous_name",
        )
    return same_name[0] if same_name else None


def others(rows: Sequence[Row], kind: Kind, names: Collection[str]) -> tuple[Other, ...]:
    """Those of the tenant's things that the file does not name."""
    return tuple(
        Other(kind=kind, id=row["id"], name=row["name"], etag=row["etag"])
        for row in rows
        if row["name"] not in names
    )


def step(
    kind: Kind, name: str, row: Row | None, *, changes: Sequence[Change], body: Mapping[str, Any]
) -> Step:
    """The step about a declared thing, whether the tenant has it or not."""
    changed = Action.CHANGE if changes else Action.SAME
    return Step(
        kind=kind,
        name=name,
        action=Action.CREATE if row is None else changed,
        id=None if row is None else row["id"],
        etag=None if row is None else row["etag"],
        changes=tuple(changes),
        body=body,
    )


def deletion(other: Other) -> Step:
    """The step that deletes a thing."""
    return Step(
        kind=other.kind,
        name=other.name,
        action=Action.DELETE,
        id=other.id,
        etag=other.etag,
        changes=(),
        body={},
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
    return step(Kind.WEBHOOK, declared.name, row, changes=changes, body=body)


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
    changes = [Change(field=name, before=None, after=shown[name]) for name in shown]
    return step(Kind.WEBHOOK, declared.name, None, changes=changes, body=body)


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


def _sync(declared: DeclaredSync, row: Row | None, *, send_secrets: bool) -> Step:
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
    body: dict[str, Any] = {change.field: change.after for change in changes}
    settings = dict(_settings_to_send(declared.settings or {}, row, send_secrets=send_secrets))
    if settings:
        body["settings"] = settings
        shown = {} if row is None else row["settings"]
        changes.extend(
            Change(field=f"settings.{name}", before=shown.get(name), after=_setting_shown(value))
            for name, value in settings.items()
        )
    return step(Kind.SYNC, declared.name, row, changes=changes, body=body)


def _settings_to_send(
    declared: Mapping[str, Any], row: Row | None, *, send_secrets: bool
) -> Iterator[tuple[str, Any]]:
    """The settings of a destination that differ as far as anybody may see."""
    for name, value in declared.items():
        if row is None:
            yield name, value
        elif not isinstance(value, str):
            if send_secrets or name not in {*row["settings"], *row["sealed_names"]}:
                yield name, value
        elif value != row["settings"].get(name):
            yield name, value


def _setting_shown(value: Any) -> str:
    return value if isinstance(value, str) else f"(from {value.variable})"


def _check_kind(declared: DeclaredSync, row: Row) -> None:
    if DestinationKind(row["kind"]) is not declared.kind:
        raise CommandFailed(
            f"sync {declared.name!r} ({row['id']}) loads into {row['kind']}, which cannot be"
            f" changed to {declared.kind}; another destination is another sync, with another name",
            code="cannot_change",
        )
