"""Runs checkov over the template and its stacks."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from infra.build.commands import ROOT
from infra.scan.findings import Finding

# Nothing is fetched, and nothing is sent.
OPTIONS: Final = ("--framework", "cloudformation", "--skip-download", "--compact", "--quiet")


class NotScanned(Exception):
    """A scanner did not come to its end; the message is its own."""


def scan(program: Path, files: Mapping[str, Path]) -> Iterator[Finding]:
    """What checkov finds.

    Args:
        program: checkov.
        files: the templates by the names of their stacks.

    Raises:
        NotScanned: checkov failed, or could not read a file.
    """
    named = [part for path in files.values() for part in ("--file", str(path))]
    done = subprocess.run(  # noqa: S603 - our own command
        [str(program), *OPTIONS, "--output", "json", *named],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        yield from read(json.loads(done.stdout), files)
    except (KeyError, TypeError, json.JSONDecodeError) as problem:
        raise NotScanned(f"checkov: {done.stderr[-2_000:] or done.stdout[-2_000:]}") from problem


def read(report: Mapping[str, Any], files: Mapping[str, Path]) -> Iterator[Finding]:
    """The findings of a report.

    Raises:
        KeyError: it is no report.
        NotScanned: checkov could not read a file.
    """
    if report["summary"]["parsing_errors"]:
        raise NotScanned(f"checkov cannot read {report['results']['parsing_errors']}")
    stacks = {path.resolve(): stack for stack, path in files.items()}
    for failed in report["results"]["failed_checks"]:
        yield Finding(
            stack=stacks[Path(failed["file_abs_path"]).resolve()],
            rule=failed["check_id"],
            resource=failed["resource"].rpartition(".")[2],
            text=failed["check_name"],
        )
