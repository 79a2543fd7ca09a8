"""The sandbox as its caller sees it: a job in, an answer out; it survives whatever the job does."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sandbox import limits as caps
from sandbox.limits import Limits
from sandbox.masking import Masker
from sandbox.mediated_http import Mediator, Permit
from sandbox.outcome import Finding, Outcome, Result
from sandbox.process import (
    MemoryExceeded,
    SandboxRefused,
    SandboxUnavailable,
    WorkerGone,
    WorkerProcess,
    Zygote,
)
from sandbox.session import EventRun, Job
from sandbox.wire import ProtocolBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE_MAX_BYTES = 32 << 20
_OBJECT_BYTES = 256
_GAVE_UP = "check_gave_up"
_MAGIC = f"{sys.implementation.cache_tag}"


@dataclass(frozen=True, slots=True)
class Options:
    """How this sandbox is set up.

    Attributes:
        isolation: `auto` takes the best layer that holds; `seccomp` or `rlimit` insists on one.
        allow_weak: run even where no layer holds; for development only.
        watch_memory: watch workers' memory even where the kernel limits it; for tests.
        egress: let functions call other servers.
    """

    isolation: str = "auto"
    allow_weak: bool = False
    watch_memory: bool = False
    egress: bool = True


@dataclass(frozen=True, slots=True)
class Compiled:
    """Guarded code (base64 of marshal, never opened here), or the reasons why there is none."""

    code: str
    findings: tuple[Finding, ...]

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly; refused sources fill a cache as well."""
        texts = sum(len(f.message) + len(f.hint) for f in self.findings)
        return _OBJECT_BYTES * (1 + len(self.findings)) + len(self.code) + texts


class JobMalformed(ValueError):
    """The caller sent no job of ours."""


class CheckGaveUp(SandboxUnavailable):
    """The source could not be compiled within the limits of the check, on this machine, now."""

    def __init__(self) -> None:
        message = "the source cannot be compiled within the limits of the check"
        super().__init__(message)
        self.finding = Finding(0, 0, _GAVE_UP, message, "make it smaller or less nested")


class Sandbox:
    """Runs jobs one at a time; safe to share between threads."""

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None
        self._cache: OrderedDict[str, Compiled] = OrderedDict()
        self._cache_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the zygote, without waiting until it is ready."""
        with self._lock:
            self._start()

    def close(self) -> None:
        """End every process of this sandbox."""
        with self._lock:
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None

    def run(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a job: `run` gives one result per event, in order; `check`; `doctor`.

        The last events are left out, not run, when the results before them have filled the answer.
        """
        if job.get("v") != 1:
            raise JobMalformed("a job is {v: 1, op: run | check | doctor, ...}")
        match job.get("op"):
            case "run":
                return self._answer(job)
            case "check":
                return {"v": 1, "findings": [f.to_json() for f in self.check(str(job["source"]))]}
            case "doctor":
                return self.doctor()
            case _:
                raise JobMalformed("a job is {v: 1, op: run | check | doctor, ...}")

    def _answer(self, job: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            isolation = self._isolation()
            results = [result.to_json() for result in self._run(job, isolation)]
            return {"v": 1, "isolation": isolation, "results": results}

    def check(self, source: str) -> tuple[Finding, ...]:
        """Every reason why this source would be refused; empty when it may be published."""
        with self._lock:
            self._isolation()
            try:
                return self._compiled(source).findings
            except CheckGaveUp as problem:
                return (problem.finding,)

    def doctor(self) -> dict[str, Any]:
        """What the self-test found on this machine."""
        with self._lock:
            zygote = self._start()
            egress = "internet" if self._options.egress else "none"
            found = {"isolation": zygote.hello["isolation"], "egress": egress}
            return {"v": 1, **found, **zygote.hello["report"]}

    def _start(self) -> Zygote:
        if self._zygote is None:
            options = self._options
            self._zygote = Zygote(
                isolation=options.isolation,
                allow_weak=options.allow_weak,
                watch_memory=options.watch_memory,
            )
        return self._zygote

    def _isolation(self) -> str:
        try:
            level = str(self._start().hello["isolation"])
        except SandboxUnavailable:
            self._drop_zygote()
            level = str(self._start().hello["isolation"])
        if level == "none":
            tried = self._start().hello["report"]["levels"]
            self._drop_zygote()
            raise SandboxRefused(f"no isolation holds on this machine, so nothing is run: {tried}")
        return level

    def _drop_zygote(self) -> None:
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def _worker(self, *, kind: str, memory_mb: int, cpu_s: int) -> WorkerProcess:
        """A fresh worker; a zygote that has died meanwhile is replaced, once."""
        try:
            return WorkerProcess(self._start(), kind=kind, memory_mb=memory_mb, cpu_s=cpu_s)
        except SandboxUnavailable:
            self._drop_zygote()
            return WorkerProcess(self._start(), kind=kind, memory_mb=memory_mb, cpu_s=cpu_s)

    def _end(self, worker: WorkerProcess) -> None:
        try:
            worker.drop()
        except SandboxUnavailable:
            self._drop_zygote()  # its workers die with it

    # Compiling

    def _compiled(self, source: str) -> Compiled:
        from sandbox import version

        digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
        key = f"{digest}/{version.POLICY}/{_MAGIC}"
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found
        found = self._compile(source)
        self._cache[key] = found
        self._cache_bytes += found.size
        while self._cache_bytes > CACHE_MAX_BYTES:
            _, old = self._cache.popitem(last=False)
            self._cache_bytes -= old.size
        return found

    def _compile(self, source: str) -> Compiled:
        too_large = len(source) > caps.SOURCE_MAX_BYTES
        shown = source[: caps.SOURCE_MAX_BYTES + 1] if too_large else source
        frame = {"op": "compile", "seq": 0, "source": shown}
        cpu_s = int(caps.COMPILE_WALL_S) + 1
        worker = self._worker(kind="compile", memory_mb=caps.COMPILE_MEMORY_MB, cpu_s=cpu_s)
        try:
            worker.send(frame, timeout_s=caps.COMPILE_WALL_S)
            answer = worker.receive(deadline_s=time.monotonic() + caps.COMPILE_WALL_S)
            return _compiled_of(answer)
        except (
            TimeoutError, WorkerGone, MemoryExceeded, ProtocolBroken, KeyError, TypeError
        ) as problem:  # fmt: skip
            # Never kept, and never a refusal of what was published: on a machine that is less
            # busy it may well be compiled, and a refusal is final.
            raise CheckGaveUp from problem
        finally:
            self._end(worker)

    # Running

    def _run(self, job: Mapping[str, Any], isolation: str) -> list[Result]:
        events = list(job["events"])
        compiled = self._compiled(str(job["source"]))
        if compiled.findings:
            return [_refused(event, compiled.findings, isolation) for event in events]
        fixed = self._fixed(job, isolation)
        load = {"op": "load", "code": compiled.code, "about": _about(fixed)}
        results: list[Result] = []
        size = 0
        worker: WorkerProcess | None = None
        try:
            for seq, event in enumerate(events, start=1):
                fresh = worker is None
                if worker is None:
                    left = len(events) - len(results)
                    worker = self._run_worker(fixed.limits, events=left)
                run = EventRun(fixed, worker, Result(str(event["run_id"]), isolation))
                alive = self._drive(run, event, seq=seq, first=[load] if fresh else [])
                results.append(run.result)
                size += _answer_bytes(run.result)
                if size > caps.ANSWER_FULL_BYTES:
                    break  # the caller runs what is left out in another job
                if not alive or (seq < len(events) and not worker.quiet()):
                    self._end(worker)
                    worker = None
        finally:
            if worker is not None:
                self._end(worker)
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

    def _fixed(self, job: Mapping[str, Any], isolation: str) -> Job:
        secrets = {str(name): str(value) for name, value in (job.get("secrets") or {}).items()}
        masker = Masker(secrets)
        hosts = tuple(job.get("http_hosts") or ())
        permit = Permit(hosts, bool(job.get("allow_local_http")), egress=self._options.egress)
        webhooks = job.get("webhooks")
        return Job(
            tenant=str(job.get("tenant", "")),
            function=str(job.get("function", "")),
            source_lines=tuple(str(job["source"]).split("\n")),
            limits=Limits.of(job.get("limits")),
            secrets=secrets,
            webhooks=None if webhooks is None else tuple(map(str, webhooks)),
            masker=masker,
            mediator=Mediator(permit, masker),
            isolation=isolation,
        )

    def _run_worker(self, limits: Limits, *, events: int) -> WorkerProcess:
        # The processor's own clock is a second net: it ends a worker whose parent has died.
        cpu_s = int(limits.wall_s * events) + 2
        return self._worker(kind="run", memory_mb=limits.memory_mb, cpu_s=cpu_s)


def _answer_bytes(result: Result) -> int:
    """What it takes of an answer, as Lambda writes it."""
    return len(json.dumps(result.to_json(), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _compiled_of(answer: Mapping[str, Any]) -> Compiled:
    findings = tuple(Finding(**finding) for finding in answer["findings"])
    return Compiled(str(answer["code"]), findings)


def _refused(event: Mapping[str, Any], findings: tuple[Finding, ...], isolation: str) -> Result:
    result = Result(str(event["run_id"]), isolation, Outcome.REFUSED)
    result.findings = [finding.to_json() for finding in findings]
    first = findings[0]
    text = f"line {first.line}: {first.message}"
    result.error = {"type": "Refused", "message": text, "traceback": ""}
    return result


def _about(job: Job) -> dict[str, Any]:
    limits = job.limits
    return {
        "tenant": job.tenant,
        "function": job.function,
        "webhooks": job.webhooks,
        "limits": {
            "result_bytes": limits.result_bytes,
            "http_calls": limits.http_calls,
            "emits": limits.emits,
            "log_bytes": limits.log_bytes,
        },
    }
