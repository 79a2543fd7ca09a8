"""One engine as the host sees it: its zygote, its workers, and the sources that it has compiled."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox import limits as caps
from sandbox.outcome import Finding, clean_text
from sandbox.process import (
    EngineUnavailable,
    MemoryExceeded,
    SandboxRefused,
    SandboxUnavailable,
    WorkerGone,
    WorkerProcess,
    Zygote,
)
from sandbox.wire import ProtocolBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.engines import EngineName

MAX_CACHE_BYTES: Final = 32 << 20
_OBJECT_BYTES: Final = 256
_FINDING_FIELDS: Final = {
    "line": int, "column": int, "code": str, "message": str, "hint": str, "severity": str,
}  # fmt: skip
_GAVE_UP: Final = "check_gave_up"


@dataclass(frozen=True, slots=True)
class Options:
    """How this sandbox is set up.

    Attributes:
        isolation: `auto` takes the best layer that holds; `seccomp` or `rlimit` insists on one.
        allow_weak: run even where no layer holds; for development only.
        watch_memory: watch workers' memory even where the kernel limits it; for tests.
        egress: let functions call other servers.
        engine: for jobs that name none; `auto` is `wasm` where it can be used, else `restricted`.
    """

    isolation: str = "auto"
    allow_weak: bool = False
    watch_memory: bool = False
    egress: bool = True
    engine: str = "auto"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A source's code (base64 of marshal, never opened here), and what was found in the source.

    Attributes:
        code: empty where a finding is an error.
        findings: errors, for which the source is refused, and hints, for which it is not.
    """

    code: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings for which the source is refused."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly; refused sources fill a cache as well."""
        texts = sum(len(f.message) + len(f.hint) for f in self.findings)
        return _OBJECT_BYTES * (1 + len(self.findings)) + len(self.code) + texts


class CheckGaveUp(SandboxUnavailable):
    """The source could not be compiled within the limits of the check, on this machine, now."""

    def __init__(self) -> None:
        message = "the source cannot be compiled within the limits of the check"
        super().__init__(message)
        self.finding = Finding(0, 0, _GAVE_UP, message, "make it smaller or less nested")


class EngineHost:
    """Not to be shared between threads without a lock."""

    def __init__(self, engine: EngineName, options: Options) -> None:
        self.engine = engine
        self._options = options
        self._zygote: Zygote | None = None
        self._cache: OrderedDict[str, Compiled] = OrderedDict()
        self._cache_bytes = 0

    def start(self) -> Zygote:
        """The zygote, started without waiting until it is ready."""
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
        """End the zygote and every worker of it."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def hello(self) -> dict[str, Any]:
        """What the zygote says of itself; one that has died is replaced, once.

        Raises:
            EngineUnavailable: this installation cannot run the engine.
        """
        try:
            return self.start().hello
        except EngineUnavailable:
            raise
        except SandboxUnavailable:
            self.close()
            return self.start().hello

    def isolation(self) -> str:
        """The level that holds; SandboxRefused where none does."""
        hello = self.hello()
        level = str(hello["isolation"])
        if level == "none":
            self.close()
            tried = hello["report"]["levels"]
            raise SandboxRefused(f"no isolation holds on this machine, so nothing is run: {tried}")
        return level

    def worker(self, *, kind: str, memory_mb: int, cpu_s: int) -> WorkerProcess:
        """A fresh worker; a zygote that has died meanwhile is replaced, once."""
        try:
            return WorkerProcess(self.start(), kind=kind, memory_mb=memory_mb, cpu_s=cpu_s)
        except SandboxUnavailable:
            self.close()
            return WorkerProcess(self.start(), kind=kind, memory_mb=memory_mb, cpu_s=cpu_s)

    def end(self, worker: WorkerProcess) -> None:
        """End a worker."""
        try:
            worker.drop()
        except SandboxUnavailable:
            self.close()  # its workers die with it

    def compiled(self, source: str) -> Compiled:
        """The source compiled by this engine; CheckGaveUp where that cannot be told now."""
        digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
        key = f"{digest}/{self.hello()['version']}"
        kept = self._cache.get(key)
        if kept is not None:
            self._cache.move_to_end(key)
            return kept
        made = self._compile(source)
        self._cache[key] = made
        self._cache_bytes += made.size
        while self._cache_bytes > MAX_CACHE_BYTES:
            _, old = self._cache.popitem(last=False)
            self._cache_bytes -= old.size
        return made

    def _compile(self, source: str) -> Compiled:
        too_large = len(source) > caps.MAX_SOURCE_BYTES
        shown = source[: caps.MAX_SOURCE_BYTES + 1] if too_large else source
        frame = {"op": "compile", "seq": 0, "source": shown}
        cpu_s = int(caps.COMPILE_WALL_S) + 1
        worker = self.worker(kind="compile", memory_mb=caps.COMPILE_MEMORY_MB, cpu_s=cpu_s)
        try:
            worker.send(frame, timeout_s=caps.COMPILE_WALL_S)
            answer = worker.receive(deadline_s=time.monotonic() + caps.COMPILE_WALL_S)
            return _compiled_of(answer)
        except (
            TimeoutError, WorkerGone, MemoryExceeded, ProtocolBroken, TypeError
        ) as problem:  # fmt: skip
            # Never kept, and never a refusal of what was published: on a machine that is less
            # busy it may well be compiled, and a refusal is final.
            raise CheckGaveUp from problem
        finally:
            self.end(worker)


def _compiled_of(answer: Mapping[str, Any]) -> Compiled:
    """What a compile worker answers; ProtocolBroken where it is no answer.

    A source can be written against a fault of the compiler, and then it is the source that answers.
    """
    code, found = answer.get("code"), answer.get("findings")
    if type(code) is not str or type(found) is not list or len(found) > caps.MAX_FINDINGS:
        raise ProtocolBroken("the answer of a compile worker is malformed")
    made = Compiled(code[: caps.MAX_FRAME_BYTES], tuple(map(_finding_of, found)))
    if not code and not made.errors:
        raise ProtocolBroken("a compile worker gave neither code nor an error")
    return made


def _shown(text: str) -> str:
    """The text without what moves a terminal's cursor, or turns round what stands in a line.

    It shows lines of the source with a caret below: their ends and their tabs stay.
    """
    max_chars = caps.MAX_FINDING_TEXT_CHARS
    lines = [line.split("\t") for line in text[:max_chars].split("\n")]
    return "\n".join("\t".join(clean_text(part, max_chars) for part in line) for line in lines)


def _finding_of(sent: Any) -> Finding:
    if type(sent) is not dict or sent.keys() - _FINDING_FIELDS.keys():
        raise ProtocolBroken("a finding is malformed")
    for name, kind in _FINDING_FIELDS.items():
        if type(sent.get(name, kind())) is not kind:
            raise ProtocolBroken("a finding is malformed")
    if sent.get("severity", "error") not in {"error", "hint"}:
        raise ProtocolBroken("a finding is neither an error nor a hint")
    kept: dict[str, Any] = {k: _shown(v) if type(v) is str else v for k, v in sent.items()}
    return Finding(**kept)
