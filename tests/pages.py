"""Parses a Markdown page into what its reader does, by the convention in CONTRIBUTING.md.

A page's steps are files that it tells the reader to write, and commands with the output that it
shows. `tests.page_reader` does them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
EXECUTED: Final = (
    "docs/tutorial/first-function.md",
    "docs/howto/trace-an-event.md",
    "docs/howto/see-what-happened-to-a-person.md",
    "docs/howto/transform-a-payload.md",
    "docs/howto/hear-of-failing-functions.md",
    "docs/howto/release-a-function.md",
    "docs/howto/type-a-function.md",
    "docs/howto/test-a-function.md",
    "docs/howto/manage-a-function.md",
    "docs/howto/manage-api-keys.md",
    "docs/howto/log-in-to-an-endpoint.md",
    "docs/howto/receive-webhooks.md",
    "docs/howto/connect-redshift.md",
    "docs/howto/operate.md",
    "docs/runbooks/api-failing.md",
    "docs/runbooks/dead-letters.md",
    "docs/runbooks/deliveries-failing.md",
    "docs/runbooks/first-attempt-slow.md",
    "docs/runbooks/queue-late.md",
    "docs/runbooks/rows-lost.md",
    "docs/runbooks/service-level.md",
    "docs/runbooks/stream-old.md",
    "docs/runbooks/sweep-stopped.md",
    "docs/runbooks/sync-overdue.md",
    "docs/runbooks/throttled.md",
    "README.md",
    "docs/howto/develop-a-project.md",
    "docs/howto/query.md",
    "docs/howto/audit-changes.md",
    "docs/howto/generate-a-client.md",
    "docs/howto/derive-properties.md",
    "docs/howto/import-profiles.md",
    "docs/howto/export-profiles.md",
    "docs/howto/configure-as-code.md",
)
# The pages that need no cloud, and are followed in the folder of the project.
WITHOUT_CLOUD: Final = (
    "docs/explanation/cost.md",
    "docs/howto/update-the-sandbox.md",
    "examples/functions/README.md",
    "examples/orders/README.md",
)
# The pages that have a test of their own, and which one.
ELSEWHERE: Final = {
    "docs/howto/check-an-installation.md": "tests/e2e/test_doctor.py",
    "docs/howto/deploy.md": "tests/e2e/test_deploy.py",
    "docs/howto/keep-a-local-cloud.md": "tests/e2e/test_local_cloud_renewed.py",
    "docs/howto/rebuild-an-installation.md": "tests/upgrade/test_rebuild.py",
    "docs/howto/receive-in-python.md": "tests/docs/test_receive_in_python.py",
    "docs/howto/verify.md": "tests/docs/test_verify_snippets.py",
    "docs/reference/batch.md": "tests/docs/test_batch.py",
    "docs/reference/bus.md": "tests/docs/test_bus.py",
    "docs/reference/cli.md": "tests/unit/cli/test_examples.py",
}
_FENCE: Final = "```"
_SHELLS: Final = frozenset({"", "console", "sh", "bash", "shell"})
_MARK: Final = re.compile(
    r"<!-- (?P<mark>not executed|until it shows this|exits with (?P<code>\d+)): (?P<reason>.+) -->"
)
# Comments that say who wrote what stands below or above them.
_NO_MARK: Final = re.compile(
    r"<!-- (?:output: .+|end|(?:begin|end): .+|(?:made|Generated) by .+) -->"
)
# How a line begins that a reader types.
_TYPED: Final = re.compile(
    r"\$ |(?:\S*/)?(?:penstock|make|sam|python3?|pip|uv|aws|curl|docker|git|cargo|npm|openssl) "
)
_FILE: Final = re.compile(r"(?:\bline (?P<line>\d+) of )?`(?P<name>[\w./-]+)`:$", re.IGNORECASE)


class PageFault(Exception):
    """The page breaks the convention, or does not show what happens. The message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStep:
    """A file to write, or one line of it to replace."""

    at: int  # the block's line in the page, from 1
    name: str  # relative to the project's folder
    text: str  # with its line end
    replaces: int | None  # the number of the line that it replaces, from 1; None: the whole file


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStep:
    """A command, and what it prints."""

    at: int  # its line in the page, from 1
    command: str  # for bash
    shows: tuple[str, ...]  # lines of stdout and stderr, as the page has them
    exit_code: int
    is_repeated: bool  # whether it is run again until it shows this


Step = FileStep | CommandStep


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A block of code, with what stands before it."""

    at: int  # the line of its first line of code, from 1
    language: str | None  # None: it is indented instead of fenced
    lines: tuple[str, ...]
    before: str  # the line above it that is neither blank nor a mark
    marks: tuple[re.Match[str], ...]

    def has(self, mark: str) -> bool:
        """Whether it has this mark."""
        return any(each["mark"] == mark for each in self.marks)


def steps(text: str) -> tuple[Step, ...]:
    """The steps of a page.

    Raises:
        PageFault: the page breaks the convention, or has no command to execute.
    """
    result = tuple(step for block in _blocks(text.splitlines()) for step in _steps_of(block))
    if not any(isinstance(step, CommandStep) for step in result):
        raise PageFault("the page has no command that is executed")
    return result


def unexecuted(text: str) -> list[str]:
    """The first commands of the blocks that are neither followed by a test nor marked.

    Args:
        text: a page that no test follows.
    """
    return [
        typed[0]
        for block in _blocks(text.splitlines())
        if (block.language is None or block.language in _SHELLS) and not block.has("not executed")
        if (typed := [line for line in block.lines if _TYPED.match(line)])
    ]


def _blocks(lines: list[str]) -> Iterator[_Block]:
    before, at = "", 0
    marks: list[re.Match[str]] = []
    while at < len(lines):
        line, start = lines[at], at
        if line.startswith(_FENCE):
            at = _after(lines, at + 1, until=_FENCE)
            language, code = line.removeprefix(_FENCE), lines[start + 1 : at - 1]
            yield _Block(
                at=start + 2, language=language, lines=(*code,), before=before, marks=(*marks,)
            )
            before, marks = "", []
        elif line.startswith("    ") and not before.lstrip().startswith(("- ", "* ", "1. ")):
            while at < len(lines) and lines[at].startswith("    "):
                at += 1
            code = [each.removeprefix("    ") for each in lines[start:at]]
            yield _Block(
                at=start + 1, language=None, lines=(*code,), before=before, marks=(*marks,)
            )
            before, marks = "", []
        else:
            at += 1
            if line.startswith("<!--") and not _NO_MARK.fullmatch(line):
                marks.append(_mark(line, at))
            elif line.strip() and not line.startswith("<!--"):
                before, marks = line, []


def _after(lines: list[str], at: int, *, until: str) -> int:
    while at < len(lines) and lines[at] != until:
        at += 1
    if at == len(lines):
        raise PageFault("a block of code has no end")
    return at + 1


def _mark(line: str, at: int) -> re.Match[str]:
    match = _MARK.fullmatch(line)
    if match is None:
        raise PageFault(f"line {at}: a mark is <!-- MARK: REASON -->, and its MARK one of three")
    return match


def _steps_of(block: _Block) -> Iterator[Step]:
    if block.has("not executed"):
        return
    target = _FILE.search(block.before)
    if block.language is None:
        raise PageFault(f"line {block.at}: commands stand between fences; mark what is not run")
    if block.language in _SHELLS:
        yield from _commands(block)
    elif target is not None:
        yield FileStep(
            at=block.at,
            name=target["name"],
            text="".join(f"{line}\n" for line in block.lines),
            replaces=None if target["line"] is None else int(target["line"]),
        )


def _commands(block: _Block) -> Iterator[CommandStep]:
    if not block.lines or not block.lines[0].startswith("$ "):
        raise PageFault(f"line {block.at}: a block without a language begins with `$ COMMAND`")
    starts = [number for number, line in enumerate(block.lines) if line.startswith("$ ")]
    codes = [int(mark["code"]) for mark in block.marks if mark["code"]]
    for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        first = start
        while block.lines[first].endswith("\\"):
            first += 1
        command = "\n".join(block.lines[start : first + 1]).removeprefix("$ ")
        if "…" in command:
            raise PageFault(f"line {block.at + start}: a command cannot have an ellipsis")
        yield CommandStep(
            at=block.at + start,
            command=command,
            shows=block.lines[first + 1 : end],
            exit_code=codes[-1] if codes else 0,
            is_repeated=block.has("until it shows this"),
        )
