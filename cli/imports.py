"""`penstock profiles import`: people from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _files, _transfers, client, jobs
from cli._errors import WrongUsage
from cli._output import AsJson

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIXES: Final = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
WORDS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def import_(  # noqa: PLR0913 - each option of the command is a parameter
    file: Annotated[Path, typer.Argument(help="A CSV or JSONL file, in UTF-8.")],
    *,
    mapping: Annotated[
        list[str],
        typer.Option(
            "--map",
            help="COLUMN=TARGET, once for each column that is wanted: external_id, email, phone,"
            " anonymous_id, names.KIND, properties.NAME[:number|:boolean|:json], consent.CHANNEL.",
        ),
    ],
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv or jsonl; else by the file's name.")
    ] = None,
    header: Annotated[
        bool, typer.Option(help="Whether the first record of a CSV has the names of the columns.")
    ] = True,
    delimiter: Annotated[
        str, typer.Option(help="Of a CSV: comma, semicolon, tab or pipe.")
    ] = "comma",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only read and judge the rows; change nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option(help="Wait until the import has ended, and show how far it is.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Import people from a CSV or JSONL file, as a job; see `penstock jobs`."""
    size_bytes = _files.size(file)
    request = {
        "format": file_format or format_of(file),
        "mapping": _mapping(mapping),
        "bytes": size_bytes,
        "dry_run": dry_run,
        "has_header": header,
        "delimiter": WORDS.get(delimiter, delimiter),
    }
    api = client.connect()
    made = api.post("/v1/profiles/import", request)
    _transfers.upload(file, made["upload"], size_bytes=size_bytes)
    job: Mapping[str, Any] = api.post(f"{jobs.path(made['id'])}/start")
    jobs.follow(api, job, wait=wait, as_json=as_json)


def format_of(file: Path) -> str:
    """What a file is, by its name.

    Raises:
        WrongUsage: code `bad_format`.
    """
    try:
        return SUFFIXES[file.suffix.lower()]
    except KeyError as problem:
        raise WrongUsage(
            f"{file.name} does not say what it is; give --format csv or --format jsonl",
            code="bad_format",
        ) from problem


def _mapping(pairs: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        # The column comes first and may have an equals sign in its name; no target has one.
        column, equals, target = pair.rpartition("=")
        if not equals or column in mapping:
            raise WrongUsage(
                f"--map {pair} is not COLUMN=TARGET, or maps a column twice", code="bad_mapping"
            )
        mapping[column] = target
    return mapping
