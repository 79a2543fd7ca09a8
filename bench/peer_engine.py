"""Runs one function on one event many times in another engine, in the peers' environment.

    python peer_engine.py ENGINE FUNCTION.py EVENT.json EXPECTED.json ROUNDS

It prints `{"load_ms": …, "event_ms": […]}`, and imports only the standard library and the engine.
It ends without numbers if a result is not the expected one.
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
    """CPython itself, without any protection: nothing can be faster."""
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
    """An interpreter written in Rust, in a worker process; values go over as they do for us."""
    from pydantic_monty import Monty

    with Monty() as pool, pool.checkout() as session:
        session.feed_run(source)
        yield lambda event: session.feed_run("handler(event)", inputs={"event": event})


ENGINES = {"plain exec": plain_exec, "asteval": asteval, "pydantic-monty": monty}


def main() -> None:
    """Measure one engine."""
    engine, *paths, rounds = sys.argv[1:]
    source, event, expected_text = (Path(path).read_text(encoding="utf-8") for path in paths)
    expected_output = json.loads(expected_text)["output"]
    began = time.perf_counter()
    with ENGINES[engine](source) as handler:
        load_ms = (time.perf_counter() - began) * 1000
        samples = [_round(handler, json.loads(event), expected_output) for _ in range(int(rounds))]
    print(json.dumps({"load_ms": load_ms, "event_ms": samples}))


def _round(handler: Handler, event: dict[str, Any], expected_output: object) -> float:
    began = time.perf_counter()
    output = handler(event)
    took_ms = (time.perf_counter() - began) * 1000
    if output != expected_output:
        raise SystemExit(f"not the expected result: {output!r}")
    return took_ms


if __name__ == "__main__":
    main()
