"""Runs one event in a worker. The parent keeps the clock and the quotas, and writes the result."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox import http_calls, wire, zones
from sandbox import limits as caps
from sandbox.mediated_http import Refused
from sandbox.outcome import Outcome, Result
from sandbox.process import End, MemoryExceeded, SandboxUnavailable, WorkerGone
from sandbox.readable import Readable
from sandbox.sdk import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.limits import Limits
    from sandbox.masking import Masker
    from sandbox.mediated_http import Mediator
    from sandbox.process import WorkerProcess

_CHILD_OUTCOMES: Final = frozenset({"returned", "raised", "dropped", "retry", "out_of_memory"})
_MAX_URL_CHARS: Final = 2048
_SMALL_BYTES: Final = 64 * 1024
# At most this much the parent adds to the content of one frame, and to the result itself.
_ADDED_BYTES: Final = 512
_MAX_METHOD_CHARS: Final = 10
# A worker counts its own log and stops at the budget. One that sends ten times as much is broken.
_FLOOD_FACTOR: Final = 10


@dataclass(frozen=True, slots=True)
class Job:
    """What stays the same for all events of one job."""

    tenant: str  # its id
    function: str  # its id
    source_lines: tuple[str, ...]  # for tracebacks
    limits: Limits
    secrets: dict[str, str]  # value by name
    environment: dict[str, str]  # what the code sees as `os.environ`, in engine `wasm`
    webhooks: tuple[str, ...] | None  # ids that the function may deliver to; None allows any
    masker: Masker
    mediator: Mediator


class Violation(Exception):
    """The worker did what no function can do by itself. It is killed, and the result says so."""


class EventRun:
    """Runs one event in one worker, and fills in its `result`."""

    def __init__(self, job: Job, worker: WorkerProcess, result: Result) -> None:
        self._job = job
        self._worker = worker
        self.result = result
        self._readable = Readable(job.masker, job.source_lines)
        self._calls: dict[str, int] = {}
        self._log_bytes = 0
        self._effect_bytes = 0
        self._received_bytes = 0
        self._started_s = 0.0
        self._deadline_s = 0.0

    def run(self, first: list[dict[str, Any]], frame: dict[str, Any], *, wall_s: float) -> bool:
        """Run the event to its end, and complete `result`.

        Args:
            first: messages that the worker needs before the event, such as `load`.
            frame: the message that starts the event.
            wall_s: seconds of wall clock after which the event is stopped.

        Returns:
            Whether the worker may run another event.
        """
        self._started_s = time.monotonic()
        self._deadline_s = self._started_s + wall_s
        try:
            self._worker.send(*first, frame, timeout_s=wall_s)
            alive = self._converse(int(frame["seq"]))
        except TimeoutError:
            alive = self._timed_out()
        except WorkerGone:
            alive = self._died()
        except MemoryExceeded:
            alive = self._grew()
        except (wire.ProtocolBroken, Violation) as problem:
            alive = self._violated(str(problem))
        self.result.duration_ms = round((time.monotonic() - self._started_s) * 1000, 3)
        self._measure(alive=alive)
        self._mask()
        return alive

    def answer_bytes(self) -> int:
        """How many bytes the result takes in the answer that Lambda writes.

        A small result is not measured; for it this is an upper bound.
        """
        bound = 2 * self._received_bytes  # Lambda writes a blank after each comma and colon
        if bound < _SMALL_BYTES and self.result.outcome is Outcome.RETURNED:
            return bound
        text = json.dumps(self.result.to_json(), ensure_ascii=False)
        return len(text.encode("utf-8", "surrogatepass"))

    def wall_s(self, event: Mapping[str, Any]) -> float:
        """Seconds of wall clock that this event may take.

        This is the function's limit, or less if the event's own `deadline_ms` is nearer.
        """
        limit_s = self._job.limits.wall_s
        deadline_ms = event.get("deadline_ms")
        if isinstance(deadline_ms, int | float):
            return max(min(limit_s, deadline_ms / 1000 - time.time()), 0.001)
        return limit_s

    def _remaining_s(self) -> float:
        return self._deadline_s - time.monotonic()

    def _converse(self, seq: int) -> bool:
        while True:
            message = self._worker.receive(deadline_s=self._deadline_s)
            self._received_bytes += self._worker.frame_bytes + _ADDED_BYTES
            if message.get("seq") != seq or type(message.get("seq")) is not int:
                raise Violation("the worker answered for another run")
            op = message.get("op")
            if op == "done":
                return self._done(message)
            if self._worker.frame_bytes > caps.MAX_FRAME_BYTES + wire.HEADER_BYTES:
                raise Violation("the worker sent a frame that is longer than any operation may be")
            if op == "expired":
                raise TimeoutError
            handle = _OPERATIONS.get(op) if isinstance(op, str) else None
            if handle is None:
                raise Violation("the worker asked for an operation that does not exist")
            handle(self, message)

    def _count(self, kind: str, max_calls: int) -> None:
        calls = self._calls[kind] = self._calls.get(kind, 0) + 1
        if calls > max_calls:
            raise Violation(f"the worker went past its quota of {max_calls} {kind} calls")

    def _leave(self, effect: dict[str, Any]) -> None:
        self._effect_bytes += self._worker.frame_bytes
        if self._effect_bytes > caps.MAX_EFFECTS_BYTES:
            raise Violation(f"the worker left effects of more than {caps.MAX_EFFECTS_BYTES} bytes")
        self.result.effects.append(effect)

    # One-way operations

    def _log(self, message: dict[str, Any]) -> None:
        fields = message.get("fields")
        text = message.get("message")
        if not isinstance(text, str) or not isinstance(fields, dict):
            raise Violation("a log entry is malformed")
        budget = self._job.limits.log_bytes
        if self._log_bytes > budget or len(self.result.logs) >= caps.MAX_LOG_ENTRIES:
            self._log_past_budget(text, budget)
            return
        # The entry is measured in the form that is kept: escapes make a text longer, and a letter
        # beyond ASCII takes more than one byte.
        readable_text = self._readable.text(text, caps.MAX_LOG_MESSAGE_CHARS)
        readable_fields = self._readable.fields(fields)
        self._log_bytes += (
            max(len(text), len(readable_text.encode())) + len(json.dumps(readable_fields)) + 16
        )
        if self._log_bytes > budget:
            self._log_past_budget("", budget)
            return
        self._append_log(readable_text, readable_fields)

    def _log_past_budget(self, text: str, budget: int) -> None:
        """Count an entry that is not kept, unread, and write one last entry that says so."""
        self._log_bytes += max(len(text), self._worker.frame_bytes)
        if self._log_bytes > budget * _FLOOD_FACTOR + caps.MAX_FRAME_BYTES:
            raise Violation("the worker sent far more log than its budget")
        if not self.result.logs or not self.result.logs[-1].get("cut"):
            notice = f"the log is cut here: over {budget} bytes or {caps.MAX_LOG_ENTRIES} entries"
            self._append_log(notice, {}, is_notice=True)

    def _append_log(self, text: str, fields: dict[str, Any], *, is_notice: bool = False) -> None:
        at_ms = round((time.monotonic() - self._started_s) * 1000, 3)
        entry = {"message": text, "fields": fields, "at_ms": at_ms}
        self.result.logs.append(entry | ({"cut": True} if is_notice else {}))

    def _emit(self, message: dict[str, Any]) -> None:
        self._count("emit", self._job.limits.emits)
        topic, properties = message.get("topic"), message.get("properties")
        if not names.is_topic(topic) or type(properties) is not dict:
            raise Violation("an emitted event is malformed")
        self._leave({"op": "emit", "topic": topic, "properties": properties})

    def _deliver(self, message: dict[str, Any]) -> None:
        self._count("deliver", caps.MAX_DELIVERS)
        webhook, payload = message.get("webhook"), message.get("payload")
        if not names.is_webhook_id(webhook, self._job.webhooks):
            raise Violation("a delivery is malformed")
        self._leave({"op": "deliver", "webhook": webhook, "payload": payload})

    def _profile(self, message: dict[str, Any]) -> None:
        self._count("profile", caps.MAX_PROFILE_CHANGES)
        to_set, unset = message.get("set"), message.get("unset")
        if type(to_set) is not dict or type(unset) is not list or not _are_texts(unset):
            raise Violation("a profile change is malformed")
        self._leave({"op": "profile", "set": to_set, "unset": unset})

    # Operations that the parent answers

    def _answer(self, value: Any) -> None:
        self._worker.send({"op": "answer", "value": value}, timeout_s=self._remaining_s())

    def _deny(self, code: str, message: str) -> None:
        error = {"code": code, "message": message}
        self._worker.send({"op": "answer", "error": error}, timeout_s=self._remaining_s())

    def _http(self, message: dict[str, Any]) -> None:
        self._count("http", self._job.limits.http_calls)
        method = self._readable.text(str(message.get("method")), _MAX_METHOD_CHARS)
        url = self._readable.text(str(message.get("url")), _MAX_URL_CHARS)
        effect: dict[str, Any] = {"op": "http", "method": method, "url": url}
        self.result.effects.append(effect)
        call = http_calls.call(method, url)
        self.result.http.append(call)
        began_s = time.monotonic()
        try:
            value = self._job.mediator.perform(message, remaining_s=self._remaining_s())
        except Refused as problem:
            effect["error"] = call["error"] = problem.code
            call["ms"] = _since_ms(began_s)
            self._deny(problem.code, str(problem))
            return
        effect["status"] = call["status"] = value["status"]
        call["ms"] = _since_ms(began_s)
        self._answer(value)

    def _secret(self, message: dict[str, Any]) -> None:
        self._count("secret", caps.MAX_SECRET_CALLS)
        name = message.get("name")
        value = self._job.secrets.get(name) if isinstance(name, str) else None
        if value is None:
            self._deny("secret_not_declared", "this function declares no secret of that name")
            return
        self._answer(value)

    def _zone(self, message: dict[str, Any]) -> None:
        self._count("zone", caps.MAX_ZONES)
        table = zones.read(message.get("key"))
        if table is None:
            self._deny("zone_unknown", "there is no time zone of that name")
            return
        self._answer(base64.b64encode(table).decode())

    # Ends

    def _done(self, message: dict[str, Any]) -> bool:
        outcome = message.get("outcome")
        if not isinstance(outcome, str) or outcome not in _CHILD_OUTCOMES:
            raise Violation("the worker reported an outcome that does not exist")
        self.result.outcome = Outcome(outcome)
        if outcome == "returned":
            self.result.output = self._output(message.get("output"))
            return True
        self.result.error = self._readable.error(message.get("error"), outcome=outcome)
        if outcome == "out_of_memory":
            self._out_of_memory()
            return False
        # A worker that ends after this event says so here: the parent might else send it the next
        # event before the kernel shows that it has ended.
        return message.get("last") is not True

    def _output(self, output: Any) -> Any:
        max_bytes = self._job.limits.result_bytes
        # Escapes only make a result longer, so a frame within the limit needs no measuring.
        if self._worker.frame_bytes > max_bytes and wire.exceeds(
            output, max_bytes, text=wire.write(output)
        ):
            raise Violation("the result is larger than the function may return")
        return output

    def _timed_out(self) -> bool:
        self._kill()
        self.result.outcome = Outcome.TIMED_OUT
        wall_s = self._deadline_s - self._started_s
        self._fail("TimedOut", f"the run was stopped after {wall_s:g} s of wall clock")
        return False

    def _measure(self, *, alive: bool) -> None:
        if self.result.memory_mb is None:
            self._note_memory(self._worker.grown_mb())
        if self.result.memory_mb is None and not alive:
            self._kill()  # it has ended by itself: only the kernel's last report says

    def _note_memory(self, grown_mb: float | None) -> None:
        self.result.memory_mb = None if grown_mb is None else round(grown_mb, 1)

    def _kill(self) -> End:
        self._note_memory(self._worker.grown_mb())
        try:
            end = self._worker.end()
        except SandboxUnavailable:
            # The zygote is gone: this worker has brought it down. The result must blame the
            # function, or it would be run again for ever. The host will start another zygote.
            return End(0, 0, no_memory=False, grown_kb=0)
        if self.result.memory_mb is None and end.grown_kb > 0:
            self._note_memory(end.grown_kb / 1024)
        return end

    def _out_of_memory(self) -> None:
        self.result.outcome = Outcome.OUT_OF_MEMORY
        self._fail("OutOfMemory", f"the run used more than {self._job.limits.memory_mb} MB")

    def _grew(self) -> bool:
        self._kill()
        self._out_of_memory()
        return False

    def _died(self) -> bool:
        end = self._kill()
        if end.signal in _CPU_SIGNALS:
            self.result.outcome = Outcome.TIMED_OUT
            self._fail("TimedOut", "the run was stopped: it used up its processor time")
        elif end.no_memory or end.grown_kb > self._job.limits.memory_mb * 1024:
            self._out_of_memory()
        else:
            self.result.outcome = Outcome.RAISED
            self._fail("Crashed", "the function brought its own process down")
        return False

    def _violated(self, violation: str) -> bool:
        self._kill()
        self.result.outcome = Outcome.RAISED
        self.result.output = None
        self._fail("ProtocolViolation", f"the run was stopped: {violation}")
        return False

    def _fail(self, name: str, message: str) -> None:
        self.result.output = None
        self.result.error = {"type": name, "message": message, "traceback": f"{name}: {message}"}

    def _mask(self) -> None:
        masker, result = self._job.masker, self.result
        result.output = masker.plain(result.output)
        # Logs and errors were masked when they came. The keys of an effect are the platform's own.
        result.effects = [
            {key: value if key == "op" else masker.plain(value) for key, value in effect.items()}
            for effect in result.effects
        ]


def _since_ms(began_s: float) -> float:
    return round((time.monotonic() - began_s) * 1000, 3)


_CPU_SIGNALS: Final = frozenset({24})  # SIGXCPU

_OPERATIONS: Final[dict[str, Callable[[EventRun, dict[str, Any]], None]]] = {
    "log": EventRun._log,  # noqa: SLF001 - the class's own table
    "emit": EventRun._emit,  # noqa: SLF001 - the class's own table
    "deliver": EventRun._deliver,  # noqa: SLF001 - the class's own table
    "profile": EventRun._profile,  # noqa: SLF001 - the class's own table
    "http": EventRun._http,  # noqa: SLF001 - the class's own table
    "secret": EventRun._secret,  # noqa: SLF001 - the class's own table
    "zone": EventRun._zone,  # noqa: SLF001 - the class's own table
}


def _are_texts(values: list[Any]) -> bool:
    return all(type(value) is str for value in values)
