"""A project: the webhooks and syncs that one `penstock.toml` declares."""

from dataclasses import dataclass
from pathlib import Path

from cli.project import document, syncs, webhooks
from cli.project.syncs import DeclaredSync
from cli.project.webhooks import DeclaredWebhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a file declares beside functions, of which `cli.project.functions` reads each alone."""

    path: Path  # of the file
    webhooks: tuple[DeclaredWebhook, ...]  # in the order of the file
    syncs: tuple[DeclaredSync, ...]  # in the order of the file


def load_project(path: Path) -> Project:
    """Read a `penstock.toml`.

    Raises:
        WrongUsage: code `bad_settings`, or one of `_files.read_text`.
    """
    sections = document.read(path)
    return Project(
        path=path,
        webhooks=tuple(webhooks.declared(path, sections)),
        syncs=tuple(syncs.declared(path, sections)),
    )
