"""`penstock profiles import`: people from a file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _files, _output, client, jobs
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli._progress import progress

if TYPE_CHECKING:
    from cli._progress import Work

SUFFIXES: Final = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
WORDS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
CHUNK_BYTES: Final = 1 << 16
UPLOAD_TRIES: Final = 3
TIMEOUT_S: Final = 60.0  # in which some bytes have to pass


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
        "format": file_format or _format(file),
        "mapping": _mapping(mapping),
        "bytes": size_bytes,
        "dry_run": dry_run,
        "has_header": header,
        "delimiter": WORDS.get(delimiter, delimiter),
    }
    api = client.connect()
    made = api.post("/v1/profiles/import", request)
    _upload(file, made["upload"], size_bytes=size_bytes)
    job: Mapping[str, Any] = api.post(f"{jobs.path(made['id'])}/start")
    if wait:
        job = jobs.ended(api, job)
    _output.show(job, as_json=as_json, human=lambda: jobs.lines(job))
    if wait:
        jobs.check(job)


def _format(file: Path) -> str:
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


def _upload(file: Path, request: Mapping[str, Any], *, size_bytes: int) -> None:
    """Store the file where the API says.

    Raises:
        CommandFailed: code `upload_failed`.
    """
    import httpx

    for tries_left in reversed(range(UPLOAD_TRIES)):
        with (
            progress("uploading", total=size_bytes) as work,
            httpx.Client(
                timeout=TIMEOUT_S,
                trust_env=False,  # a proxy would see a URL that is a credential
            ) as http,
        ):
            try:
                response = http.request(
                    request["method"],
                    request["url"],
                    headers=dict(request["headers"]),
                    content=_pieces(file, work),
                )
            except httpx.TransportError as problem:
                if tries_left:
                    continue
                raise CommandFailed(
                    f"the upload broke off: {type(problem).__name__}; try again",
                    code="upload_failed",
                ) from problem
        if response.is_success:
            return
        raise CommandFailed(
            f"the upload was refused with {response.status_code}; has the file changed meanwhile?",
            code="upload_failed",
        )


def _pieces(file: Path, work: "Work") -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK_BYTES):
            yield piece
            work.advance(len(piece))
