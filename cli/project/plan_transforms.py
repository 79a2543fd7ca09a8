"""Compares the data transforms that a file declares with those of a tenant, and their order.

The file's order is that in which its transforms work. Those that it does not name keep their places
between them as far as that is possible: what the file moves, it moves behind the one before.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from cli._errors import CommandFailed
from cli.project import plan
from cli.project.plan import Change, Kind, Row, Step
from cli.project.transforms import DeclaredTransform


def of_transforms(declared: Sequence[DeclaredTransform], rows: Sequence[Row]) -> tuple[Step, ...]:
    """What is to be done about data transforms.

    Args:
        declared: those of the file, in its order.
        rows: those of the tenant, in the order of the chain.

    Raises:
        CommandFailed: code `ambiguous_name` or `cannot_change`.
    """
    chain = [str(row["name"]) for row in rows]
    steps: list[Step] = []
    before: str | None = None  # the name of the one that the file has before
    for each in declared:
        row = plan.only(rows, Kind.TRANSFORM, each.name)
        position = _placed(chain, each.name, behind=before, declared=declared)
        steps.append(_transform(each, row, position=position))
        before = each.name
    return tuple(steps)


def _placed(
    chain: list[str], name: str, *, behind: str | None, declared: Sequence[DeclaredTransform]
) -> int | None:
    """Put a transform where it belongs, and say which position that is.

    None: where it is, or for a new one the end.
    """
    least = 0 if behind is None else chain.index(behind) + 1
    is_new = name not in chain
    if not is_new:
        if chain.index(name) >= least:
            return None
        chain.remove(name)
        least -= 1
    elif behind is None:
        ours = {each.name for each in declared}
        least = next((at for at, other in enumerate(chain) if other in ours), len(chain))
    chain.insert(least, name)
    is_new_at_end = is_new and least == len(chain) - 1
    return None if is_new_at_end else least + 1


def _transform(declared: DeclaredTransform, row: Row | None, *, position: int | None) -> Step:
    if row is not None and row["method"] != declared.method:
        raise CommandFailed(
            f"transform {declared.name!r} ({row['id']}) has the method {row['method']}, which"
            f" cannot be changed to {declared.method}; give the file's another name, and put the"
            " old one among the removed",
            code="cannot_change",
        )
    changes = list(_changes(declared, row))
    if position is not None:
        at = None if row is None else row["position"]
        changes.append(Change(field="position", before=at, after=position))
    body: dict[str, Any] = {change.field: change.after for change in changes}
    if row is None:
        body["name"] = declared.name
    return plan.step(Kind.TRANSFORM, declared.name, row, changes=changes, body=body)


def _changes(declared: DeclaredTransform, row: Row | None) -> Iterator[Change]:
    if row is None:
        yield Change(field="method", before=None, after=declared.method)
    for name, after in declared.settings.items():
        before = None if row is None else row[name]
        # As JSON, because to Python 1 and true are equal.
        if row is None or json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
            yield Change(field=name, before=before, after=after)
    is_enabled = True if row is None else row["enabled"]
    if declared.enabled is not None and declared.enabled != is_enabled:
        yield Change(field="enabled", before=is_enabled, after=declared.enabled)
