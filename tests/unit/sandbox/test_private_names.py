"""Private names: inside your classes, of your objects, whatever the variable is called."""

import json
import textwrap
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

CLASS = """
class Money:
    _rate = 2
    def __init__(self, v):
        self._v = v
    def __eq__(self, o):
        return self._v == o._v
    def __lt__(one, two):
        return one._v < two._v
    def plus(self, others):
        return Money(self._v + sum(m._v for m in others))
    def key(self):
        return (lambda m: m._v)(self)
    def share(self, wallet):
        wallet["cash"]._v += 1
        del wallet["cash"]._note
        return wallet["cash"]._v
    @staticmethod
    def rate(kind):
        return kind._rate
class Cash(Money):
    def twice(self):
        copy = Cash(self._v)
        copy._note = "x"
        return copy.share({"cash": copy}) + super()._rate
"""


def _run(box: Sandbox, source: str) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source))["results"][0]
    return result


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[Money(1) == Money(1), Money(1) == Money(2)]", [True, False]),
        ("Money(1) < Money(2)", True),
        ("Money(1).plus([Money(2), Cash(3)]).key()", 6),
        ("Cash(4).twice()", 7),
        ("[Money.rate(Cash), Money.rate(Cash(1))]", [2, 2]),
    ],
)
def test_a_class_reads_and_writes_the_private_names_of_its_kind(
    box: Sandbox, expression: str, expected: object
) -> None:
    """`o` instead of `other` must not be a reason to refuse what is right anywhere else."""
    result = _run(box, f"{CLASS}\ndef handler(event):\n    return {expression}\n")
    assert result["output"] == expected, result


@pytest.mark.parametrize(
    "other",
    ["{}", "context", "context.http", "context.profile", "json", "handler", "Exception", "[]"],
)
@pytest.mark.parametrize("act", ["o._check", "o._body", "o._x = 1", "o._x += 1", "o._data"])
def test_what_is_not_yours_has_no_private_names(box: Sandbox, other: str, act: str) -> None:
    """Whose object it is decides, and that is known only when it is there."""
    source = textwrap.dedent(f"""
        import json
        class Peek:
            def at(self, o):
                {act}
        def handler(event, profile, context):
            Peek().at({other})
    """)
    result = _run(box, source)
    assert result["outcome"] == "raised"
    assert result["error"]["type"] in {"AttributeError", "TypeError"}


def test_outside_a_class_they_are_refused_with_what_to_write(box: Sandbox) -> None:
    """A slip is told at publish time, by line, not by the first event."""
    source = f"{CLASS}\ndef handler(event):\n    self = Money(1)\n    return self._v\n"
    [finding] = _run(box, source)["findings"]
    assert "attribute_not_allowed" == finding["code"]
    assert "inside your classes" in finding["hint"]
    assert source.split("\n")[finding["line"] - 1].endswith("return self._v")


def test_a_decorator_and_a_base_stand_outside_their_class(box: Sandbox) -> None:
    """They run before there is a class."""
    for line in ("@event._x\nclass A:\n    pass", "class A(event._x):\n    pass"):
        body = textwrap.indent(line, "    ")
        assert "refused" == _run(box, f"def handler(event):\n{body}\n")["outcome"], json.dumps(line)
