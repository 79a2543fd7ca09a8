"""The sandbox as its caller sees it: it takes a job, gives its answer, and survives any job."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, Self

from runtime.egress.policy import EgressPolicy
from sandbox import limits as caps
from sandbox.engine_host import CheckGaveUp, EngineHost, Options
from sandbox.engines import EngineName
from sandbox.limits import Limits
from sandbox.masking import Masker
from sandbox.mediated_http import Mediator, NoAnswers, Permit
from sandbox.outcome import Outcome, Result
from sandbox.process import EngineUnavailable, SandboxUnavailable
from sandbox.session import EventRun, Job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.mediated_http import Answerer
    from sandbox.process import WorkerProcess
    from sandbox.sdk.finding import Finding

_SHAPE: Final = "a job is {v: 1, op: run | check | doctor, engine: auto | wasm | restricted, ...}"


class JobMalformed(ValueError):
    """The caller sent something that is not a job."""


class Sandbox:
    """Runs jobs, one at a time. Threads may share one."""

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._lock = threading.Lock()
        self._hosts = {name: EngineHost(name, self._options) for name in EngineName}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, engine: str | None = None) -> None:
        """Start an engine's zygote, without waiting until it is ready.

        Args:
            engine: `wasm`, `restricted` or `auto`; None is this sandbox's own. For `auto` this
                starts the zygote of `wasm`, because only that can say whether `wasm` can be used.
        """
        with self._lock:
            name = self._engine_name(engine)
            self._hosts[EngineName.WASM if name == "auto" else EngineName(name)].start()

    def close(self) -> None:
        """End every process of this sandbox."""
        with self._lock:
            for host in self._hosts.values():
                host.close()

    def run(self, job: Mapping[str, Any], *, answerer: Answerer | None = None) -> dict[str, Any]:
        """The answer to a job, by its `op`.

        - `run`: one result for each event, in their order. Once the results fill the answer (see
          `limits.ANSWER_FULL_BYTES`), the events that follow are not run and have no result. With
          `"http": "off"` every http call fails, with the code `dry_run`.
        - `check`: the findings in the job's source.
        - `doctor`: what the self-tests found on this machine.

        Args:
            job: what to do, as JSON.
            answerer: answers the functions' http calls; None calls over the network. It is an
                argument and no part of the job, so whoever sends jobs cannot choose the answers.

        Raises:
            JobMalformed: the job has another shape.
            SandboxUnavailable: the sandbox itself failed.
            SandboxRefused: no layer of isolation holds on this machine.
        """
        if job.get("v") != 1:
            raise JobMalformed(_SHAPE)
        match job.get("op"):
            case "run":
                return self._answer(job, answerer)
            case "check":
                return self._checked(job)
            case "doctor":
                return self.doctor()
            case _:
                raise JobMalformed(_SHAPE)

    def _answer(self, job: Mapping[str, Any], answerer: Answerer | None) -> dict[str, Any]:
        with self._lock:
            host = self._host(job.get("engine"))
            isolation = host.isolation()
            results = self._run(job, host, isolation, answerer=answerer)
            about = {"v": 1, "isolation": isolation, "engine": host.engine}
            return {**about, "results": [result.to_json() for result in results]}

    def _checked(self, job: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            host = self._host(job.get("engine"))
            findings = [finding.to_json() for finding in _findings(host, str(job["source"]))]
            return {"v": 1, "engine": host.engine, "findings": findings}

    def check(self, source: str, *, engine: str | None = None) -> tuple[Finding, ...]:
        """Every finding in this source. Without an error among them it may be published.

        Args:
            source: the function's Python.
            engine: `wasm` or `restricted`; `auto` or None takes this sandbox's own.
        """
        with self._lock:
            return _findings(self._host(engine), source)

    def engine(self, name: str | None = None) -> tuple[EngineName, str]:
        """The engine that a job with this engine's name runs in, and the isolation around it.

        Args:
            name: `wasm`, `restricted` or `auto`; None is this sandbox's own.

        Raises:
            EngineUnavailable: this installation cannot run the engine.
            SandboxRefused: no layer of isolation holds on this machine.
        """
        with self._lock:
            host = self._host(name)
            return host.engine, host.isolation()

    def doctor(self) -> dict[str, Any]:
        """What the self-tests found on this machine.

        Answers the isolation, the engine in use, whether functions may call other servers, for each
        engine why it cannot be used (empty if it can), and the report of the jail's self-test.
        """
        with self._lock:
            host_in_use = self._host(None)
            hello = host_in_use.hello()
            egress = "internet" if self._options.egress else "none"
            summary = {
                "isolation": hello["isolation"],
                "engine": host_in_use.engine,
                "egress": egress,
            }
            engines = {name: _usable(host) for name, host in self._hosts.items()}
            return {"v": 1, **summary, "engines": engines, **hello["report"]}

    def zygote_pid(self, engine: EngineName) -> int:
        """The id of the process that forks this engine's workers; a dead one is replaced."""
        with self._lock:
            return self._hosts[engine].start().pid

    def _host(self, engine: str | None) -> EngineHost:
        """The host of this engine; for `auto`, that of `wasm` if usable, else of `restricted`."""
        name = self._engine_name(engine)
        if name != "auto":
            if name not in self._hosts:
                raise JobMalformed(_SHAPE)
            return self._hosts[EngineName(name)]
        try:
            self._hosts[EngineName.WASM].hello()
        except EngineUnavailable:
            return self._hosts[EngineName.RESTRICTED]
        return self._hosts[EngineName.WASM]

    def _engine_name(self, engine: str | None) -> str:
        """The engine that the job names, else the one that this sandbox's options name.

        The answer is `auto` if neither names one.
        """
        return self._options.engine if engine is None or engine == "auto" else engine

    # Running

    def _run(
        self,
        job: Mapping[str, Any],
        host: EngineHost,
        isolation: str,
        *,
        answerer: Answerer | None,
    ) -> list[Result]:
        events = list(job["events"])
        compiled = host.compiled(str(job["source"]))
        results = [Result(str(event["run_id"]), isolation, host.engine) for event in events]
        if compiled.errors:
            return [_refused(result, compiled.errors) for result in results]
        setup = self._setup(job, answerer)
        load = {"op": "load", "code": compiled.code, "about": _about(setup)}
        size = 0
        worker: WorkerProcess | None = None
        try:
            for seq, (event, result) in enumerate(zip(events, results, strict=True), start=1):
                is_new = worker is None
                if worker is None:
                    worker = _run_worker(host, setup.limits, events=len(events) - seq + 1)
                run = EventRun(setup, worker, result)
                alive = self._drive(run, event, seq=seq, first=[load] if is_new else [])
                size += run.answer_bytes()
                if size > caps.ANSWER_FULL_BYTES:
                    return results[:seq]  # the caller sends the other events in another job
                if not alive or (seq < len(events) and not worker.quiet()):
                    host.end(worker)
                    worker = None
        finally:
            if worker is not None:
                host.end(worker)
        return results

    def _drive(
        self, run: EventRun, event: Mapping[str, Any], *, seq: int, first: list[dict[str, Any]]
    ) -> bool:
        wall_s = run.wall_s(event)
        frame = {
            "op": "run",
            "seq": seq,
            "run_id": run.result.run_id,
            "event": event["event"],
            "profile": event.get("profile"),
            "wall_s": wall_s,
            "deadline_ms": int((time.time() + wall_s) * 1000),
        }
        return run.run(first, frame, wall_s=wall_s)

    def _setup(self, job: Mapping[str, Any], answerer: Answerer | None) -> Job:
        secrets = {str(name): str(value) for name, value in (job.get("secrets") or {}).items()}
        masker = Masker(secrets)
        hosts = tuple(job.get("http_hosts") or ())
        policy = EgressPolicy(
            allow_local=bool(job.get("allow_local_http")),
            hosts=hosts,
            max_url_chars=caps.MAX_HTTP_URL_CHARS,
        )
        permit = Permit(policy, egress=self._options.egress)
        if answerer is None and job.get("http") == "off":
            answerer = NoAnswers()
        webhooks = job.get("webhooks")
        return Job(
            tenant=str(job.get("tenant", "")),
            function=str(job.get("function", "")),
            source_lines=tuple(str(job["source"]).split("\n")),
            limits=Limits.of(job.get("limits")),
            secrets=secrets,
            environment={str(k): str(v) for k, v in (job.get("environment") or {}).items()},
            webhooks=None if webhooks is None else tuple(map(str, webhooks)),
            masker=masker,
            mediator=Mediator(permit, masker, answerer=answerer),
        )


def _findings(host: EngineHost, source: str) -> tuple[Finding, ...]:
    host.isolation()
    try:
        return host.compiled(source).findings
    except CheckGaveUp as problem:
        return (problem.finding,)


def _usable(host: EngineHost) -> str:
    """Why the engine cannot be used here; empty if it can."""
    try:
        host.hello()
    except SandboxUnavailable as problem:
        return str(problem)
    return ""


def _run_worker(host: EngineHost, limits: Limits, *, events: int) -> WorkerProcess:
    # The parent stops a worker by the wall clock. The limit of processor time is a second net: it
    # ends a worker whose parent has died.
    cpu_s = int(limits.wall_s * events) + 2
    return host.worker(kind="run", memory_mb=limits.memory_mb, cpu_s=cpu_s)


def _refused(result: Result, errors: tuple[Finding, ...]) -> Result:
    result.outcome = Outcome.REFUSED
    result.findings = [finding.to_json() for finding in errors]
    first = errors[0]
    text = f"line {first.line}: {first.message}"
    result.error = {"type": "Refused", "message": text, "traceback": ""}
    return result


def _about(job: Job) -> dict[str, Any]:
    limits = job.limits
    return {
        "tenant": job.tenant,
        "function": job.function,
        "webhooks": job.webhooks,
        "env": job.environment,
        "limits": {
            "result_bytes": limits.result_bytes,
            "http_calls": limits.http_calls,
            "emits": limits.emits,
            "log_bytes": limits.log_bytes,
        },
    }
