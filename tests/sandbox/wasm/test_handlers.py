"""Every way in which people write a handler."""

# ruff: noqa: E501 - programs and rows of tables are one line
import pytest

from sandbox.host import Sandbox
from tests.sandbox import harness
from tests.sandbox.wasm.conftest import Run


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("def handler(event): return event", "E"),
        ("def handler(event, context): return [event, context.tenant]", ["E", "acme"]),
        ("def handler(event, profile, context): return [event, profile['properties'], context.tenant]",
         ["E", {"n": 1}, "acme"]),
        ("def handler(event, profile): return [event, profile['properties']]", ["E", {"n": 1}]),
        ("def handler(event, context=None): return context.tenant", "acme"),
        ("def handler(event, context, retries=3): return [context.tenant, retries]", ["acme", 3]),
        ("def handler(event, context=None, retries=3): return [context.tenant, retries]", ["acme", 3]),
        ("def handler(event, profile=None, context=None): return profile['properties']", {"n": 1}),
        ("def handler(event, *, context): return context.tenant", "acme"),
        ("def handler(*, event, context, profile): return [event, context.tenant, profile is None]",
         ["E", "acme", False]),
        ("def handler(event, **options): return [event, options]", ["E", {}]),
        ("def handler(*args): return len(args)", 3),
        ("def lambda_handler(event, context): return event", "E"),
        ("handler = lambda event, context: event", "E"),
        ("async def handler(event): return event", "E"),
        ("async def lambda_handler(event, context): return context.tenant", "acme"),
        (("import functools\ndef f(k, event, context): return [k, event]\n"
         "handler = functools.partial(f, 'k')"), ["k", "E"]),
        ("class H:\n  def __call__(self, event, context): return context.tenant\nhandler = H()",
         "acme"),
        ("class H:\n  async def __call__(self, event): return event\nhandler = H()", "E"),
        ("class H:\n  def go(self, event, profile, context): return event\nhandler = H().go", "E"),
        (("import functools\ndef d(f):\n  @functools.wraps(f)\n  def w(*a, **k): return f(*a, **k)\n"
         "  return w\n@d\ndef handler(event, context): return context.tenant"), "acme"),
        (("def d(f):\n  def w(*a, **k): return f(*a, **k)\n  return w\n"
         "@d\n@d\ndef handler(event): return event"), "E"),
        (("def d(f):\n  def w(event, *rest): return f(event, *rest)\n  return w\n"
         "@d\ndef handler(event, context): return context.tenant"), "acme"),
        ("import functools\n@functools.lru_cache\ndef handler(event): return event", "E"),
    ],
)  # fmt: skip
def test_a_handler_is_called_with_what_it_takes(run: Run, source: str, output: object) -> None:
    """By its signature, which is worked out once."""
    result = run(source, "E")
    assert result["output"] == output, result["error"]


def test_a_handler_that_is_no_function_is_told_so(run: Run) -> None:
    """By the name that it has."""
    error = run("handler = 5")["error"]
    assert (error["type"], error["message"]) == ("HandlerMissing", '"handler" is not a function')


def test_a_module_that_cannot_be_run_is_tried_again_with_each_event(run: Run) -> None:
    """And its error is the user's, with its own lines."""
    error = run("import os\nRATE = float(os.environ['RATE'])\ndef handler(event): return RATE\n")[
        "error"
    ]
    assert error["type"] == "KeyError"
    assert "line 2, in <module>\n    RATE = float(os.environ['RATE'])" in error["traceback"]


@pytest.mark.parametrize(
    ("raised", "outcome", "name"),
    [
        ("RetryError('later')", "retry", "RetryError"),
        ("Mine('later')", "retry", "Mine"),
        ("DropEvent('no')", "dropped", "DropEvent"),
        ("EventNotSupported('no')", "dropped", "EventNotSupported"),
        ("ValidationError('no')", "raised", "ValidationError"),
        ("SystemExit(3)", "raised", "SystemExit"),
        ("KeyboardInterrupt()", "raised", "KeyboardInterrupt"),
        ("MemoryError('mine')", "raised", "MemoryError"),
        ("type('ValueError', (Exception,), {})('not the real one')", "raised", "UserError"),
        ("ExceptionGroup('g', [ValueError(1)])", "raised", "ExceptionGroup"),
    ],
)
def test_what_a_handler_raises_is_the_outcome(
    run: Run, raised: str, outcome: str, name: str
) -> None:
    """A class of the user's must not pass for Python's or the platform's."""
    result = run(
        "from penstock import *\nclass Mine(RetryError): pass\n"
        f"def handler(event):\n    raise {raised}\n"
    )
    assert (result["outcome"], result["error"]["type"]) == (outcome, name)


def test_events_of_a_batch_share_the_module(wasm: Sandbox) -> None:
    """As in any process that stays."""
    source = "SEEN = []\ndef handler(event):\n    SEEN.append(1)\n    return len(SEEN)\n"
    results = wasm.run(harness.a_job(source, events=3))["results"]
    assert [result["output"] for result in results] == [1, 2, 3]
