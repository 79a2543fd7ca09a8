"""`penstock export`: writes what a tenant has as a file that `penstock apply` makes again."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _output, _times, client
from cli._errors import CommandFailed, WrongUsage
from cli._names import nearest
from cli._output import AsJson
from cli.project import document, exported, written, yaml_text
from cli.project.exported import LeftOut
from cli.project.plan import Kind
from cli.project.written import Written

_HEAD: Final = """\
# What a tenant has, as `penstock export` wrote it; `penstock apply -f` makes it so again.
# No secret is in it. Each installation makes its own signing secrets and API keys.
"""


def export(
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", help="Write to this .yaml file, and sources to functions/ beside it."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="functions, transforms, webhooks, syncs or keys alone; repeatable."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that differ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what a tenant has as a file, which `penstock apply` makes again anywhere.

    Secrets are not in it: where one belongs stands a variable of the environment, and all of them
    are named. The key that you call with is left out, and so are keys that have ended.
    """
    kinds = _kinds(only or [])
    if file is not None and not document.is_yaml(file):
        raise WrongUsage(f"{file} must end with .yaml or .yml", code="not_yaml")
    tenant = exported.export(client.connect(), kinds, now=_times.now())
    normal = written.write(tenant.project)
    text = _text(normal)
    if file is not None:
        _write(file, text, normal, force=force)
    if not as_json:
        for line in _notes(normal, tenant.left_out, file=file):
            _output.say(line, err=True)
    shown: dict[str, Any] = {
        "file": None if file is None else str(file),
        "document": normal.document,
        "sources": normal.sources,
        "variables": list(normal.variables),
        "left_out": [asdict(each) for each in tenant.left_out],
    }
    lines = text.removesuffix("\n").split("\n") if file is None else [f"wrote {file}"]
    _output.show(shown, as_json=as_json, human=lambda: lines)


def _kinds(only: Iterable[str]) -> tuple[Kind, ...]:
    by_section = {kind.section: kind for kind in Kind}
    for name in only:
        if name not in by_section:
            raise WrongUsage(
                f"{name!r} is no section: {nearest(name, by_section)}", code="unknown_section"
            )
    return tuple(by_section[name] for name in dict.fromkeys(only)) or tuple(Kind)


def _text(normal: Written) -> str:
    head = [_HEAD]
    if normal.variables:
        head += ["# Set these before you apply it where they are not set yet:\n"]
        head += [f"#   {name}\n" for name in normal.variables]
    return "".join(head) + (yaml_text.dump(normal.document) if normal.document else "")


def _write(file: Path, text: str, normal: Written, *, force: bool) -> None:
    """Write the sources and then the file, or nothing if one of them is there and differs."""
    texts = {file.parent / name: source for name, source in normal.sources.items()} | {file: text}
    differing = [
        str(path) for path, new in texts.items() if path.exists() and _files.read_text(path) != new
    ]
    if differing and not force:
        raise CommandFailed(
            f"nothing is written: {', '.join(differing)} would be overwritten, and says something"
            " else; --force writes over it",
            code="file_exists",
        )
    for path, new in texts.items():
        _files.write(path, new)


def _notes(normal: Written, left_out: Iterable[LeftOut], *, file: Path | None) -> Iterator[str]:
    for each in left_out:
        yield f"left out: {each.kind} {each.name}, which {each.reason}"
    if normal.sources and file is None:
        yield f"not written: {', '.join(normal.sources)}; -f FILE writes sources beside it"
