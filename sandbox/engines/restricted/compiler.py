"""Compiles a source to guarded code, or lists every finding in it. Runs in a disposable worker."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from sandbox.engines.restricted.names import SOURCE_NAME
from sandbox.engines.restricted.policy import Policy
from sandbox.engines.restricted.policy_imports import modules_named
from sandbox.limits import MAX_SOURCE_BYTES, MAX_SOURCE_LINES
from sandbox.sdk.finding import Finding

if TYPE_CHECKING:
    from types import CodeType

_BIDI: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BYTE_ORDER_MARK: Final = "\ufeff"  # some editors begin a file with it
_TOO_COMPLEX: Final = "the source is nested too deeply to be compiled"
_NO_HANDLER: Final = 'there is no "handler"'


def look(source: str) -> list[Finding]:
    """The findings that need no parser. This is cheap, and safe for any text."""
    findings: list[Finding] = []
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError:
        return [Finding(0, 0, "source_not_text", "the source holds a lone surrogate")]
    if size > MAX_SOURCE_BYTES or source.count("\n") > MAX_SOURCE_LINES:
        message = f"the source is over {MAX_SOURCE_BYTES // 1024} KB or {MAX_SOURCE_LINES} lines"
        return [Finding(0, 0, "source_too_large", message, "split it into several functions")]
    for number, line in enumerate(source.split("\n"), start=1):
        if "\0" in line:
            message = "the source holds a NUL character"
            findings.append(Finding(number, line.index("\0") + 1, "source_not_text", message))
        hit = _BIDI.search(line)
        if hit:
            message = "the line holds a character that hides the order of the others"
            hint = "remove it, or write it as \\u escape"
            findings.append(Finding(number, hit.start() + 1, "hidden_character", message, hint))
    return findings


def compile_source(source: str) -> tuple[CodeType | None, list[Finding]]:
    """The code object and no findings, or None and the findings for which there is none."""
    source = source.removeprefix(_BYTE_ORDER_MARK)
    findings = look(source)
    if findings:
        return None, findings
    try:
        return _compile(source)
    except SyntaxError as problem:
        message = f"syntax error: {problem.msg}"
        return None, [Finding(problem.lineno or 0, problem.offset or 0, "syntax_error", message)]
    except (RecursionError, MemoryError):
        return None, [Finding(0, 0, "too_complex", _TOO_COMPLEX, "split it up")]
    except (ValueError, OverflowError) as problem:
        return None, [Finding(0, 0, "syntax_error", f"the source cannot be compiled: {problem}")]


def _compile(source: str) -> tuple[CodeType | None, list[Finding]]:
    tree = ast.parse(source, SOURCE_NAME, "exec")
    bound_names, imported_names, all_names = _bindings(tree)
    policy = Policy(bound_names, imported_names, modules=modules_named(tree))
    policy.visit(tree)
    if "handler" not in all_names:
        hint = "define handler(event), handler(event, context) or handler(event, profile, context)"
        policy.findings.append(Finding(0, 0, "no_handler", _NO_HANDLER, hint))
    if policy.findings:
        return None, sorted(policy.findings, key=lambda finding: (finding.line, finding.column))
    code: CodeType = compile(tree, SOURCE_NAME, "exec", dont_inherit=True, optimize=0)
    return code, []


def _bindings(tree: ast.Module) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The names that the source binds otherwise than by imports, by imports only, and at all."""
    bound_names: set[str] = set()
    imported_names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                imported_names.add((alias.asname or alias.name).partition(".")[0])
        elif isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                bound_names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound_names.add(node.name)
        elif isinstance(node, ast.arg):
            bound_names.add(node.arg)
        else:
            bound_names.update(_captured(node))
    return (
        frozenset(bound_names),
        frozenset(imported_names - bound_names),
        frozenset(bound_names | imported_names),
    )


def _captured(node: ast.AST) -> list[str]:
    """The names that an `except` clause or a pattern binds."""
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    return [node.rest] if isinstance(node, ast.MatchMapping) and node.rest else []
