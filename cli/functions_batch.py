"""`penstock functions test --batch`: each line a source of its own, with an event and a profile."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from cli import _files, local_run
from cli._errors import WrongUsage
from cli.project.functions import load_function
from runtime.core import json_text
from runtime.errors import BadInput
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from sandbox.process import SandboxRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BATCH_WALL_S: Final = 5.0  # a batch is a test suite: no loop without end should hold it for long
_BATCH_WORKERS: Final = 2
_MAX_DIGITS: Final = 21  # a longer integer is beyond 64 bits


def run_batch(
    path: Path, *, engine: str | None = None, allow_local_http: bool = False
) -> Iterator[dict[str, Any]]:
    """The result of each line of the file, in order; no case shares a run with another.

    The engine that a line names counts, else `engine`, else the one that penstock.toml names.

    Raises:
        WrongUsage: the file, one of its lines or a setting is refused.
    """
    function = load_function(path)
    lines = _files.lines(_files.read_text(path))
    cases = [_case(line, f"{path} line {number}") for number, line in lines]
    job = local_run.job(function, "", engine=engine, allow_local_http=allow_local_http)
    job["limits"] = {"wall_s": BATCH_WALL_S, **job["limits"]}
    yield from _run_cases(cases, job)


def _case(line: str, origin: str) -> dict[str, Any]:
    try:
        case = json.loads(line, parse_constant=_refuse_constant, parse_int=_integer)
        json_text.check_json(case["id"] if isinstance(case, dict) and "id" in case else None)
    except BadInput as problem:
        raise WrongUsage(f"{origin}: id {problem.message}", code=problem.code) from None
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"{origin} is not JSON: {error}", code="not_json") from None
    if not isinstance(case, dict) or not isinstance(case.get("code"), str) or "id" not in case:
        raise WrongUsage(f'{origin} is not {{"id", "code", "event"?, "profile"?, "engine"?}}')
    if case.get("engine") not in (None, *EngineName):
        raise WrongUsage(f"{origin}: engine is one of {', '.join(EngineName)}")
    return case


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _integer(digits: str) -> int:
    # Python reads no integer of thousands of digits. Any that is too large stands for it here: the
    # case is refused for it, and the other cases are run.
    return int(digits) if len(digits) <= _MAX_DIGITS else json_text.INTEGER_LIMIT


def _run_cases(cases: list[dict[str, Any]], job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    options = local_run.sandbox_options()
    boxes = [Sandbox(options) for _ in range(min(_BATCH_WORKERS, max(len(cases), 1)))]
    workers = len(boxes)
    all_boxes = tuple(boxes)
    names = {case.get("engine") or job["engine"] for case in cases} or {job["engine"]}

    def run(case: dict[str, Any]) -> dict[str, Any]:
        box = boxes.pop()  # as many boxes as threads: one is always free
        try:
            return {"id": case["id"], **_one_case(box, job, case)}
        except SandboxRefused:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever one case does, the others still run
            place = f"{problem.field}: " if isinstance(problem, BadInput) and problem.field else ""
            message = f"this case cannot be run: {place}{problem}"
            used = engines[case.get("engine") or job["engine"]]
            return {"id": case["id"], **local_run.refused("CannotRun", message, used=used)}
        finally:
            boxes.append(box)

    try:
        for box, engine in product(all_boxes, names):
            box.start(engine)
        # A sandbox that does not start fails the whole batch here, before the first case.
        engines = {engine: box.engine(engine) for box, engine in product(all_boxes, names)}
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(run, cases)
    finally:
        for box in all_boxes:
            box.close()


def _one_case(box: Sandbox, job: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    for part in ("event", "profile"):  # the cloud has no event and no profile with such values
        json_text.check_json(case.get(part), at=(part,))
    inputs = {
        "event": case["event"] if case.get("event") is not None else local_run.sample_event(),
        "profile": case.get("profile"),
    }
    overrides = {"source": case["code"], "engine": case.get("engine") or job["engine"]}
    return local_run.run(box, {**job, **overrides}, inputs)
