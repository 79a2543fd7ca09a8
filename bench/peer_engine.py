"""Runs one function on one event many times in another engine, alone in the peers' environment.

    python peer_engine.py ENGINE FUNCTION.py EVENT.json EXPECTED.json ROUNDS

Prints `{"load_ms": …, "event_ms": […]}`; standard library and the engine only. A result that is
not the expected one ends it: a wrong answer has no speed.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Handler = Callable[[dict[str, Any]], Any]


@contextmanager
def plain_exec(source: str) -> Iterator[Handler]:
    """CPython itself, with no protection at all: the floor."""
    names: dict[str, Any] = {}
    exec(compile(source, "function.py", "exec"), names)  # noqa: S102 - this is what is measured
    yield names["handler"]


@contextmanager
def asteval(source: str) -> Iterator[Handler]:
    """An interpreter of Python's syntax tree, written in Python, in this process."""
    from asteval import Interpreter

    interpreter = Interpreter()
    interpreter(source)
    yield interpreter.symtable["handler"]


@contextmanager
def monty(source: str) -> Iterator[Handler]:
    """An interpreter written in Rust, in a worker process; values cross as they do for us."""
    from pydantic_monty import Monty

    with Monty() as pool, pool.checkout() as session:
        session.feed_run(source)
        yield lambda event: session.feed_run("handler(event)", inputs={"event": event})


ENGINES = {"plain exec": plain_exec, "asteval": asteval, "pydantic-monty": monty}


def main() -> None:
    """Measure one engine."""
    engine, *paths, rounds = sys.argv[1:]
    source, event, wanted = (Path(path).read_text(encoding="utf-8") for path in paths)
    expected = json.loads(wanted)["output"]
    began = time.perf_counter()
    with ENGINES[engine](source) as handler:
        load_ms = (time.perf_counter() - began) * 1000
        samples = [_round(handler, json.loads(event), expected) for _ in range(int(rounds))]
    print(json.dumps({"load_ms": load_ms, "event_ms": samples}))


def _round(handler: Handler, event: dict[str, Any], expected: object) -> float:
    began = time.perf_counter()
    output = handler(event)
    took_ms = (time.perf_counter() - began) * 1000
    if output != expected:
        raise SystemExit(f"not the expected result: {output!r}")
    return took_ms


if __name__ == "__main__":
    main()
