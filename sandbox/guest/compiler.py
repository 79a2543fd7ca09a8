"""Compiles a source by the guest's own compiler, and lists the findings in it.

A finding that is a hint never refuses a source.
"""

from __future__ import annotations

import ast
import base64
import marshal
import warnings
from typing import TYPE_CHECKING, Any, Final

from . import hints
from .bridge import BRIDGE, frame_of
from .capabilities import Finding
from .caps import MAX_FINDINGS, MAX_FRAME_BYTES, MAX_SOURCE_BYTES, MAX_SOURCE_LINES
from .errors import FILENAME, without_surrogates

if TYPE_CHECKING:
    from types import CodeType

_TOO_COMPLEX: Final = "the source is nested too deeply to be compiled"
_MAX_LINE_CHARS: Final = 200
_SPLIT: Final = "split it into several functions"


def compile_frame(message: dict[str, Any]) -> str:
    """The `compiled` frame that answers a `compile` frame."""
    BRIDGE.silent = True  # to make hints, modules are imported, which may print
    try:
        code, findings = compile_source(message["source"])
    finally:
        BRIDGE.silent = False
    frame = _frame(message["seq"], code, findings)
    if len(frame) > MAX_FRAME_BYTES:
        too_large = Finding(
            0, 0, "source_too_large", "the source is too large once compiled", _SPLIT
        )
        frame = _frame(message["seq"], None, [too_large])
    return frame


def _frame(seq: int, code: str | None, findings: list[Finding]) -> str:
    finding_objects = [finding.to_json() for finding in findings[:MAX_FINDINGS]]
    return frame_of({"op": "compiled", "seq": seq, "code": code or "", "findings": finding_objects})


def compile_source(source: str) -> tuple[str | None, list[Finding]]:
    """The code in the form that `load` takes, and every finding, in order of lines.

    The code is None if a finding is an error.
    """
    source = source.removeprefix("\ufeff")
    error = _unfit(source)
    if error is not None:
        return None, [error]
    try:
        with warnings.catch_warnings(record=True) as warnings_given:
            warnings.simplefilter("always", SyntaxWarning)
            tree = ast.parse(source, FILENAME)
            code = compile(source, FILENAME, "exec", dont_inherit=True, optimize=0)
    except SyntaxError as problem:
        return None, [_of_syntax(problem, source)]
    except (RecursionError, MemoryError):
        return None, [Finding(0, 0, "too_complex", _TOO_COMPLEX, "split it up")]
    except (ValueError, OverflowError) as problem:
        return None, [Finding(0, 0, "syntax_error", f"the source cannot be compiled: {problem}")]
    # Several steps of the compiler may give the same warning.
    findings = list(dict.fromkeys(map(_of_warning, warnings_given))) + _hints(tree, source)
    error = hints.no_handler(tree)
    if error is not None:
        findings.append(error)
    findings.sort(key=lambda finding: (finding.line, finding.column))
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    return _packed(code, source), findings


def _hints(tree: ast.Module, source: str) -> list[Finding]:
    try:
        return hints.hints(tree, source)
    except Exception as problem:  # noqa: BLE001 - what is wrong with a hint refuses nobody's source
        message = f"there are no hints for this source: {type(problem).__name__} while it was read"
        return [Finding(0, 0, "no_hints", message, severity="hint")]


def _packed(code: CodeType, source: str) -> str:
    # The source goes with its code, so that tracebacks and inspect.getsource can show it.
    return base64.b64encode(marshal.dumps((code, source))).decode("ascii")


def _unfit(source: str) -> Finding | None:
    """The finding for a text that cannot be a source; else None. Cheap, and safe for any text."""
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError:
        return Finding(0, 0, "source_not_text", "the source holds a lone surrogate")
    if size > MAX_SOURCE_BYTES or source.count("\n") > MAX_SOURCE_LINES:
        text = f"the source is over {MAX_SOURCE_BYTES // 1024} KB or {MAX_SOURCE_LINES} lines"
        return Finding(0, 0, "source_too_large", text, _SPLIT)
    if "\0" in source:
        line = source.count("\n", 0, source.index("\0")) + 1
        return Finding(line, 1, "source_not_text", "the source holds a NUL character")
    return None


def _of_syntax(error: SyntaxError, source: str) -> Finding:
    """The compiler's error as a finding, with the line and a caret below the place."""
    line, column = error.lineno or 0, error.offset or 0
    text = f"syntax error: {error.msg}"
    lines = source.splitlines()
    line_text = lines[line - 1] if 0 < line <= len(lines) else ""
    if line_text and 0 < column <= _MAX_LINE_CHARS:
        line_text = line_text[:_MAX_LINE_CHARS]
        width = 1
        if error.end_lineno == error.lineno and error.end_offset:
            width = max(1, min(error.end_offset, len(line_text) + 1) - column)
        # Tabs stay tabs, so that the caret is below its letter.
        indent = "".join("\t" if letter == "\t" else " " for letter in line_text[: column - 1])
        text = f"{text}\n{line_text}\n{indent}{'^' * width}"
    return Finding(line, column, "syntax_error", without_surrogates(text))


def _of_warning(warning: warnings.WarningMessage) -> Finding:
    return Finding(warning.lineno, 0, "syntax_warning", str(warning.message), "", severity="hint")
