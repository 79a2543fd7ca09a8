"""One engine as the host sees it: its zygote, its workers, and its cache of compiled sources."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox import limits as caps
from sandbox.outcome import clean_text
from sandbox.process import (
    EngineUnavailable,
    MemoryExceeded,
    SandboxRefused,
    SandboxUnavailable,
    WorkerGone,
    WorkerProcess,
    Zygote,
)
from sandbox.sdk.finding import Finding
from sandbox.wire import ProtocolBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.engines import EngineName

MAX_CACHE_BYTES: Final = 32 << 20  # of compiled sources, of all functions together
_OBJECT_BYTES: Final = 256  # roughly what one Python object takes beside its text
_FINDING_FIELDS: Final = {
    "line": int, "column": int, "code": str, "message": str, "hint": str, "severity": str,
}  # fmt: skip
_GAVE_UP: Final = "check_gave_up"


@dataclass(frozen=True, slots=True)
class Options:
    """How this sandbox is set up."""

    # `auto` takes the best layer that stops every forbidden act; `seccomp` or `rlimit` insists on
    # that one.
    isolation: str = "auto"
    # Run functions even where no layer stops every forbidden act. For development only.
    allow_weak: bool = False
    # Measure the workers' memory even where the kernel limits it. For tests.
    watch_memory: bool = False
    # Let functions call other servers.
    egress: bool = True
    # The engine of jobs that name none: `wasm`, `restricted`, or `auto`, which is `wasm` where this
    # installation can run it, else `restricted`.
    engine: str = "auto"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A source's code, and the findings of the check."""

    # Marshalled by the worker, in base64; the parent never opens it. Empty if there is an error.
    code: str
    # Errors, for which the source is refused, and hints, for which it is not.
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings for which the source is refused."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def size(self) -> int:
        """Roughly how many bytes this takes in the cache, which holds refused sources too."""
        texts = sum(len(f.message) + len(f.hint) for f in self.findings)
        return _OBJECT_BYTES * (1 + len(self.findings)) + len(self.code) + texts


class CheckGaveUp(SandboxUnavailable):
    """A compile worker ran out of time or memory, or broke: the source is neither good nor bad.

    On another machine, or later, the same source may well be compiled.
    """

    def __init__(self) -> None:
        message = "the source cannot be compiled within the limits of the check"
        super().__init__(message)
        self.finding = Finding(0, 0, _GAVE_UP, message, "make it smaller or less nested")


class EngineHost:
    """Starts the engine's processes when they are needed. Threads that share one need a lock."""

    def __init__(self, engine: EngineName, options: Options) -> None:
        self.engine = engine
        self._options = options
        self._zygote: Zygote | None = None
        self._cache: OrderedDict[str, Compiled] = OrderedDict()
        self._cache_bytes = 0

    def start(self) -> Zygote:
        """The zygote, which this starts if there is none. Does not wait until it is ready."""
        if self._zygote is None:
            options = self._options
            self._zygote = Zygote(
                self.engine,
                isolation=options.isolation,
                allow_weak=options.allow_weak,
                watch_memory=options.watch_memory,
            )
        return self._zygote

    def close(self) -> None:
        """End the zygote and all its workers."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def hello(self) -> dict[str, Any]:
        """The zygote's report on this machine (see `Zygote.hello`).

        If the zygote has died, one new zygote is started in its place.

        Raises:
            EngineUnavailable: this installation cannot run the engine.
            SandboxUnavailable: the new zygote does not answer either.
        """
        try:
            return self.start().hello
        except EngineUnavailable:
            raise
        except SandboxUnavailable:
            self.close()
            return self.start().hello

    def isolation(self) -> str:
        """The level of isolation that stops every forbidden act on this machine.

        Raises:
            SandboxRefused: no level does.
        """
        hello = self.hello()
        level = str(hello["isolation"])
        if level == "none":
            self.close()
            levels = hello["report"]["levels"]
            raise SandboxRefused(f"no isolation holds on this machine, so nothing is run: {levels}")
        return level

    def worker(self, *, kind: str, memory_mb: int, cpu_s: int) -> WorkerProcess:
        """A new worker. If the zygote has died, one new zygote is started to fork it.

        Args:
            kind: `compile` or `run`.
            memory_mb: megabytes that the worker may take beyond an empty worker's.
            cpu_s: seconds of processor time after which the kernel kills it.

        Raises:
            SandboxUnavailable: the new zygote does not fork either.
        """
        try:
            return WorkerProcess(self.start(), kind=kind, memory_mb=memory_mb, cpu_s=cpu_s)
        except SandboxUnavailable:
            self.close()
            return WorkerProcess(self.start(), kind=kind, memory_mb=memory_mb, cpu_s=cpu_s)

    def end(self, worker: WorkerProcess) -> None:
        """Kill a worker without waiting for its end."""
        try:
            worker.drop()
        except SandboxUnavailable:
            self.close()  # its workers die with it

    def compiled(self, source: str) -> Compiled:
        """The source as this engine compiles it, from the cache if it is there.

        Raises:
            CheckGaveUp: the worker ran out of time or memory, or broke; nothing is cached.
        """
        digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
        key = f"{digest}/{self.hello()['version']}"
        cached_entry = self._cache.get(key)
        if cached_entry is not None:
            self._cache.move_to_end(key)
            return cached_entry
        entry = self._compile(source)
        self._cache[key] = entry
        self._cache_bytes += entry.size
        while self._cache_bytes > MAX_CACHE_BYTES:
            _, oldest = self._cache.popitem(last=False)
            self._cache_bytes -= oldest.size
        return entry

    def _compile(self, source: str) -> Compiled:
        too_large = len(source) > caps.MAX_SOURCE_BYTES
        excerpt = source[: caps.MAX_SOURCE_BYTES + 1] if too_large else source
        frame = {"op": "compile", "seq": 0, "source": excerpt}
        cpu_s = int(caps.COMPILE_WALL_S) + 1
        worker = self.worker(kind="compile", memory_mb=caps.COMPILE_MEMORY_MB, cpu_s=cpu_s)
        try:
            worker.send(frame, timeout_s=caps.COMPILE_WALL_S)
            answer = worker.receive(deadline_s=time.monotonic() + caps.COMPILE_WALL_S)
            return _compiled_of(answer)
        except (
            TimeoutError, WorkerGone, MemoryExceeded, ProtocolBroken, TypeError
        ) as problem:  # fmt: skip
            # This result is not cached, and no published function is refused for it: a refusal is
            # final, and a machine with less to do may well compile the source.
            raise CheckGaveUp from problem
        finally:
            self.end(worker)


def _compiled_of(answer: Mapping[str, Any]) -> Compiled:
    """The answer of a compile worker, after a check of its shape and sizes.

    A source may exploit a fault of the compiler, and then its author has written this answer.

    Raises:
        ProtocolBroken: the answer is malformed.
    """
    code, findings = answer.get("code"), answer.get("findings")
    if type(code) is not str or type(findings) is not list or len(findings) > caps.MAX_FINDINGS:
        raise ProtocolBroken("the answer of a compile worker is malformed")
    compiled = Compiled(code[: caps.MAX_FRAME_BYTES], tuple(map(_finding_of, findings)))
    if not code and not compiled.errors:
        raise ProtocolBroken("a compile worker gave neither code nor an error")
    return compiled


def _printable(text: str) -> str:
    """The text without characters that move a terminal's cursor or reverse the order of letters.

    Newlines and tabs stay, because the text shows lines of the source with a caret below them.
    """
    max_chars = caps.MAX_FINDING_TEXT_CHARS
    lines = [line.split("\t") for line in text[:max_chars].split("\n")]
    return "\n".join("\t".join(clean_text(cell, max_chars) for cell in line) for line in lines)


def _finding_of(fields: Any) -> Finding:
    if type(fields) is not dict or fields.keys() - _FINDING_FIELDS.keys():
        raise ProtocolBroken("a finding is malformed")
    for name, kind in _FINDING_FIELDS.items():
        if type(fields.get(name, kind())) is not kind:
            raise ProtocolBroken("a finding is malformed")
    if fields.get("severity", "error") not in {"error", "hint"}:
        raise ProtocolBroken("a finding is neither an error nor a hint")
    values: dict[str, Any] = {k: _printable(v) if type(v) is str else v for k, v in fields.items()}
    return Finding(**values)
