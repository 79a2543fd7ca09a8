"""`penstock profiles export`: people into a file."""

from pathlib import Path
from typing import Annotated

import typer

from cli import _files, _output, _transfers, client, erasure, jobs
from cli._errors import WrongUsage
from cli._output import AsJson
from cli.imports import format_of


def export(
    *,
    out: Annotated[
        Path, typer.Option(help="The file to write; its name says whether CSV or JSONL.")
    ],
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv or jsonl; else by the file's name.")
    ] = None,
    filter_file: Annotated[
        Path | None,
        typer.Option("--filter", help="A file with a pattern over people; - is standard input."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Of a CSV, once for each: email, properties.city, consent.sms, …"),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(help="A profile's id: everything kept of this one person, as one JSON file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write people to a CSV or JSONL file, as a job, or with --subject one person's data."""
    if subject is not None:
        if file_format is not None or filter_file is not None or column:
            raise WrongUsage(
                "--subject takes neither --format nor --filter nor --column", code="bad_usage"
            )
        erasure.export_subject(subject, out=out, as_json=as_json)
        return
    request = {
        "format": file_format or format_of(out),
        "filter": None if filter_file is None else _files.read_json(filter_file),
        **({"columns": column} if column else {}),
    }
    api = client.connect()
    job = jobs.ended(api, api.post("/v1/profiles/export", request))
    jobs.check(job)
    signed = api.get(f"{jobs.path(job['id'])}/download")
    _transfers.download(signed, to=out, size_bytes=job["result"]["bytes"])
    document = {"job": job, "file": str(out)}
    written = job["counts"].get("written", 0)
    _output.show(document, as_json=as_json, human=lambda: [f"{out}: {written} people"])
