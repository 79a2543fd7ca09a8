"""Makes a project of what a tenant has, so that a file can say it.

What the API seals it does not show: in the place of each secret stands a variable. A webhook's
signing secret has none, because each installation makes its own. Nobody sees of an `oauth2` login
its `scope`, its `audience` and its `client_auth`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.client import Client
from cli.project import compare, plan, plan_functions, plan_keys
from cli.project.api_keys import DeclaredKey
from cli.project.applied_functions import AppliedFunction
from cli.project.plan import Kind, Row
from cli.project.project import Project
from cli.project.sealed import FromEnvironment
from cli.project.syncs import DeclaredSync
from cli.project.transforms import DeclaredTransform
from cli.project.webhooks import DeclaredWebhook
from cli.project.written import source_of
from runtime.core.warehouse.sync import DestinationKind
from runtime.core.webhooks.webhook import KeyKind

_SECRET: Final = FromEnvironment(variable="SECRET")  # `written` gives each a name of its own
_OPEN_SETTINGS: Final = (
    "url", "topics", "filter", "transform", "format", "handshake", "retry_schedule_s", "timeout_s",
    "rate_limit", "max_concurrency",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that the tenant has and no file can say."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What a tenant has, as a project."""

    project: Project
    left_out: tuple[LeftOut, ...]


def export(api: Client, kinds: Collection[Kind], *, now: str) -> Exported:
    """What the tenant has of these kinds.

    Args:
        api: the tenant's.
        kinds: what is read; a key that may not read the others can be used.
        now: ISO 8601; an API key that has ended by then is as good as not there.

    Raises:
        CommandFailed: code `ambiguous_name`: two things of a kind have one name, and a file names
            one; or the API refuses to list something.
    """
    rows: dict[Kind, Sequence[Row]] = {kind: compare.rows_of(kind, api, now=now) for kind in kinds}
    webhook_rows = rows.get(Kind.WEBHOOK) or ()
    if Kind.KEY in kinds and Kind.WEBHOOK not in kinds:
        webhook_rows = compare.rows_of(Kind.WEBHOOK, api, now=now)
    for kind, each in rows.items():
        for row in each:
            plan.only(each, kind, row["name"])
    left_out: list[LeftOut] = []
    project = Project(
        path=Path(),
        sections=frozenset(kind.section for kind in kinds),
        functions=tuple(
            _functions(
                rows.get(Kind.FUNCTION, ()),
                version_of=lambda name, number: compare.version(api, name, number),
                leave_out=left_out.append,
            )
        ),
        pushed_functions=frozenset(),
        transforms=tuple(_transform(row) for row in rows.get(Kind.TRANSFORM, ())),
        webhooks=tuple(_webhook(row) for row in rows.get(Kind.WEBHOOK, ())),
        syncs=tuple(_sync(row) for row in rows.get(Kind.SYNC, ())),
        keys=tuple(_keys(rows.get(Kind.KEY, ()), webhooks=webhook_rows, leave_out=left_out.append)),
        removed={},
    )
    return Exported(project=project, left_out=tuple(left_out))


def _functions(
    rows: Sequence[Row],
    *,
    version_of: plan_functions.Find,
    leave_out: Callable[[LeftOut], object],
) -> Iterator[AppliedFunction]:
    for row in rows:
        number = row["live_version"] or row["latest_version"]
        if row["deleted_at"] is not None:
            continue
        version = version_of(row["name"], number) if number else None
        if version is None or version["deleted_at"] is not None:
            leave_out(LeftOut(kind=str(Kind.FUNCTION), name=row["name"], reason="has no code"))
            continue
        values = dict.fromkeys(row["secrets"], _SECRET) if any(row["secrets"].values()) else {}
        yield AppliedFunction(
            name=row["name"],
            source=source_of(row["name"]),
            text=version["source"],
            publish=row["live_version"] is not None,
            enabled=row["enabled"],
            settings=plan_functions.shown_settings(row),
            secret_values=values,
        )


def _transform(row: Row) -> DeclaredTransform:
    return DeclaredTransform(
        name=row["name"],
        method=row["method"],
        settings={name: row[name] for name in ("sources", "target", "settings")},
        enabled=row["enabled"],
    )


def _webhook(row: Row) -> DeclaredWebhook:
    kinds = {key["kind"] for key in row["signing_keys"] if key["expires_at"] is None}
    certificate = {"certificate": _SECRET, "private_key": _SECRET}
    return DeclaredWebhook(
        name=row["name"],
        settings={name: row[name] for name in _OPEN_SETTINGS},
        enabled=row["enabled"],
        has_private_key=KeyKind.ED25519 in kinds,
        headers=dict.fromkeys(row["header_names"], _SECRET) or None,
        auth=None if row["auth_kind"] is None else {"kind": row["auth_kind"]},
        client_certificate=certificate if row["certificate_expires_at"] else None,
        secret=None,
    )


def _sync(row: Row) -> DeclaredSync:
    settings: Mapping[str, Any] = {
        **row["settings"],
        **dict.fromkeys(row["sealed_names"], _SECRET),
    }
    return DeclaredSync(
        name=row["name"],
        kind=DestinationKind(row["kind"]),
        schedule=row["schedule"],
        selection=row["selection"],
        settings=settings or None,
        enabled=row["enabled"],
    )


def _keys(
    rows: Sequence[Row], *, webhooks: Sequence[Row], leave_out: Callable[[LeftOut], object]
) -> Iterator[DeclaredKey]:
    names = {row["id"]: row["name"] for row in webhooks}
    for row in rows:
        if row["webhook_id"] is not None and row["webhook_id"] not in names:
            reason = f"is for the webhook {row['webhook_id']}, which is deleted"
            leave_out(LeftOut(kind=str(Kind.KEY), name=row["name"], reason=reason))
            continue
        shown = plan_keys.shown(row, names)
        yield DeclaredKey(
            name=row["name"],
            scopes=tuple(shown["scopes"]),
            webhook=shown["webhook"],
            expires_at=shown["expires_at"],
        )
