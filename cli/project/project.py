"""A project: what one file declares of a tenant, as TOML or as YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.project import api_keys, applied_functions, document, keys, syncs, transforms, webhooks
from cli.project.api_keys import DeclaredKey
from cli.project.applied_functions import AppliedFunction
from cli.project.document import check_names, texts
from cli.project.key import names
from cli.project.syncs import DeclaredSync
from cli.project.transforms import DeclaredTransform
from cli.project.webhooks import DeclaredWebhook
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a file declares. A function without a `source` is read by `cli.project.functions`."""

    path: Path  # of the file
    sections: frozenset[str]  # that the file has; what a section is about belongs to the file
    functions: tuple[AppliedFunction, ...]  # with a `source`, in the order of the file
    pushed_functions: frozenset[str]  # the names of those that the file leaves to `functions push`
    transforms: tuple[DeclaredTransform, ...]  # in the order of the file, which is the chain's
    webhooks: tuple[DeclaredWebhook, ...]  # in the order of the file
    syncs: tuple[DeclaredSync, ...]  # in the order of the file
    keys: tuple[DeclaredKey, ...]  # in the order of the file
    removed: Mapping[str, frozenset[str]]  # by section the names of what is not to be there


def load_project(path: Path) -> Project:
    """Read a project's file, and the sources that it names.

    Raises:
        WrongUsage: code `bad_settings`, or one of `_files.read_text`.
    """
    sections = document.read(path)
    with document.faults_of(path, at="removed"):
        removed = _removed(sections)
    return Project(
        path=path,
        sections=frozenset(sections),
        functions=tuple(applied_functions.declared(path, sections)),
        pushed_functions=applied_functions.left_to_push(sections),
        transforms=transforms.declared(path, sections),
        webhooks=tuple(webhooks.declared(path, sections)),
        syncs=tuple(syncs.declared(path, sections)),
        keys=tuple(api_keys.declared(path, sections)),
        removed=removed,
    )


def _removed(sections: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    own = sections.get("removed", {})
    check_names(own, names(keys.REMOVED))
    removed = {each: frozenset(texts(own, each, like='["old"]')) for each in own}
    for section, gone in removed.items():
        both = sorted(gone & set(sections.get(section, {})))
        if both:
            raise BadInput(
                f"names {both[0]!r}, which the file declares as well; take it out of one of them",
                field=section,
            )
    return removed
