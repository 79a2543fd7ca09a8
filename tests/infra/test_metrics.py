"""Each metric that the code writes has an alarm, a graph, or a reason why it has neither.

A metric that nobody looks at costs as much as one that wakes people. The code is read, not run, so
that no metric escapes because a test does not come by it.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from infra.local import ministack_alarms
from infra.scan import template
from tests.alarms import ALARMS, resolved
from tests.infra.test_dashboard import OURS, SHOWN

PAGE: Final = template.ROOT / "docs" / "reference" / "metrics.md"
WRITERS: Final = ("functions", "runtime")  # those who journal and count
MEASURES: Final = ("measures", "measures_of_all")
MESSAGE: Final = re.compile(r"[a-z_]+\.[a-z_]+")
LEAST_REASON_CHARS: Final = 25


def written(tree: ast.AST) -> Iterator[str]:
    """The names of the metrics that a module writes; `<x>` stands for what is known at work."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="count") | ast.Attribute(attr="count"), args=[]):
                yield from _counted(node)
            case ast.Call(func=ast.Attribute(attr="add_metric")):
                [name] = [each.value for each in node.keywords if each.arg == "name"]
                yield from _literals(name)
            case ast.Assign(targets=[ast.Name(id=target)]) if target in MEASURES:
                yield from _literals(node.value)
            case ast.FunctionDef(name=name) if name in MEASURES:
                for statement in node.body[1:]:  # behind the docstring
                    yield from _literals(statement)
            case ast.Dict():
                yield from _of_line(node)
            case _:
                pass


def _counted(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg
        elif isinstance(keyword.value, ast.DictComp):
            yield _spelled(keyword.value.key)


def _of_line(line: ast.Dict) -> Iterator[str]:
    """The metrics of a line that is journalled: its measures, and how often each outcome came."""
    fields = [(_key(key), value) for key, value in zip(line.keys, line.values, strict=True)]
    for name, value in fields:
        if name in MEASURES and isinstance(value, ast.Dict):
            yield from _literals(value)
        if name in {"message", None} and "outcome" in dict(fields):
            for message in _literals(value, MESSAGE):
                yield f"{message.replace('.', '_')}_<outcome>"


def _key(node: ast.expr | None) -> str | None:
    """A key of a dict as it is written; None for `**`, and for what is no text."""
    return str(node.value) if isinstance(node, ast.Constant) else None


def _literals(node: ast.AST, pattern: re.Pattern[str] = re.compile(r"[a-z_.]+")) -> Iterator[str]:
    for each in ast.walk(node):
        text = each.value if isinstance(each, ast.Constant) else None
        if isinstance(text, str) and pattern.fullmatch(text):
            yield text


def _spelled(text: ast.expr) -> str:
    """A formatted text, with the names of what is put into it."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(
        f"<{ast.unparse(part.value)}>"
        if isinstance(part, ast.FormattedValue)
        else str(ast.literal_eval(part))
        for part in parts
    )


def all_written() -> set[str]:
    """The names of all metrics of ours."""
    files = [path for folder in WRITERS for path in (template.ROOT / folder).rglob("*.py")]
    return {name for path in files for name in written(ast.parse(path.read_text("utf-8")))}


ROW: Final = re.compile(r"^\| `(.+?)` \|.*\| (.+) \|$", re.MULTILINE)
ROWS: Final[dict[str, str]] = dict(ROW.findall(PAGE.read_text("utf-8")))


def is_of(metric: str, row: str) -> bool:
    """Whether a metric belongs to a row, which may stand for several."""
    return bool(re.fullmatch(re.sub(r"<\w+>", r"\\w+", re.escape(row)), metric))


def heard(row: str) -> set[str]:
    """The alarms that read a metric, and the dashboard if it shows it."""
    alarms = {
        alarm
        for alarm, properties in ALARMS.items()
        for query in ministack_alarms.queries(resolved(properties))
        if query.namespace == "Penstock" and is_of(query.name, row)
    }
    shown = any(space == OURS and is_of(name, row) for space, name, _ in SHOWN)
    return alarms | ({"dashboard"} if shown else set())


def test_each_metric_that_the_code_writes_has_a_row_on_the_page() -> None:
    """And no row stands for a metric that nobody writes."""
    assert all_written() == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_who_looks_or_why_nobody_does(row: str) -> None:
    """An alarm is named by its name, and a reason is a sentence."""
    looks = ROWS[row]
    if looks.startswith("nobody: "):
        assert set() == heard(row)
        assert len(looks) >= LEAST_REASON_CHARS or "as `" in looks
    else:
        assert {each.strip("` ") for each in looks.split(";")} == heard(row)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("count(records=1, failed=2)", {"records", "failed"}),
        ("count(**{f'{kind}_swept': 1 for kind in kinds})", {"<kind>_swept"}),
        ("metrics.add_metric(name='attempt_ms', value=1)", {"attempt_ms"}),
        ("measures = {'a.b': 1}", {"a.b"}),
        ("journal({'message': 'x.y', 'measures_of_all': {'lost': 1}})", {"lost"}),
        ("{'message': 'run.finished', 'outcome': o}", {"run_finished_<outcome>"}),
        ("{**names('delivery.attempted', x), 'outcome': o}", {"delivery_attempted_<outcome>"}),
        ("text.count('a'); count(file, scratch=s); {'message': 'x.y'}", set()),
    ],
)
def test_each_way_to_write_a_metric_is_seen(code: str, names: set[str]) -> None:
    """One that is not would be a metric without a row."""
    assert names == set(written(ast.parse(code)))
