"""Groups a batch of run messages into jobs for the sandbox."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.messages import RunMessage, parse_run
from runtime.core.ids import Key
from runtime.core.json_text import dump
from runtime.core.profiles.identity import Subject
from runtime.errors import BadInput

MAX_JOB_BYTES: Final = 4 * 1024 * 1024  # Lambda takes 6 MB; source and secrets come on top
MAX_JOB_EVENTS: Final = 10  # at 15 s an event, an invocation ends within three minutes
# Output and effects of one run as JSON. The sandbox limits them to 1 MB and 256 KB; 64 KB are for
# their punctuation. The sandbox's answer is checked again here, like all input from outside.
MAX_LEFT_BYTES: Final = (1024 + 256 + 64) * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run to make."""

    message: RunMessage
    event: Event

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """The keys of this run; two runs of one job share none."""
        return frozenset({("run", self.message.run_id), *self.event.profile.identifiers()})


def parse(text: str, *, now: str) -> PlannedRun:
    """Read a run message and the event in it.

    Raises:
        BadInput: the text is no run message, or its event is malformed or another tenant's.
    """
    message = parse_run(text)
    event = envelope.parse(message.event, now=now)
    if event.tenant != message.tenant:  # nobody's event runs in another's function
        raise BadInput("its event is another tenant's", field="tenant", code="bad_message")
    return PlannedRun(message=message, event=event)


def groups(planned_runs: Iterable[PlannedRun]) -> list[list[PlannedRun]]:
    """The planned runs of each tenant's function, in order of arrival."""
    by_function: dict[Key, list[PlannedRun]] = {}
    for each in planned_runs:
        key = Key(each.message.tenant, each.message.function)
        by_function.setdefault(key, []).append(each)
    return list(by_function.values())


def waves(planned_runs: Iterable[PlannedRun]) -> list[list[PlannedRun]]:
    """Split the runs into waves, of which each starts when the one before it has ended.

    Two events that name a person alike are never in the same wave: the second run must see what the
    first changed. Where they name one person differently, the run that comes second to store what
    it changed is made again.
    """
    in_waves: list[list[PlannedRun]] = []
    last_wave: dict[tuple[str, str], int] = {}
    for each in planned_runs:
        number = 1 + max((last_wave.get(key, -1) for key in each.keys), default=-1)
        if number == len(in_waves):
            in_waves.append([])
        in_waves[number].append(each)
        last_wave.update(dict.fromkeys(each.keys, number))
    return in_waves


def jobs(
    planned_runs: Sequence[PlannedRun], subjects: Mapping[str, Subject]
) -> list[list[PlannedRun]]:
    """Split a wave into pieces, of which each fits one invocation of the sandbox.

    Args:
        planned_runs: the runs of the wave.
        subjects: whom the event of each is about, by the run's id.
    """
    pieces: list[list[PlannedRun]] = []
    room = 0
    for each in planned_runs:
        size = len(dump(_event(each, subjects)).encode())
        if not pieces or size > room or len(pieces[-1]) == MAX_JOB_EVENTS:
            pieces.append([])
            room = MAX_JOB_BYTES
        pieces[-1].append(each)
        room -= size
    return pieces


def job(
    function: Function,
    version: FunctionVersion,
    planned_runs: Sequence[PlannedRun],
    *,
    subjects: Mapping[str, Subject],
    secrets: Mapping[str, str],
    allow_local_http: bool,
) -> dict[str, Any]:
    """The job that the sandbox is sent, as JSON."""
    limits = asdict(function.limits)
    limits.pop(
        "concurrent_runs"
    )  # it limits the whole function; one job knows nothing of the others
    return {
        "v": 1,
        "op": "run",
        "tenant": function.tenant,
        "function": function.name,
        "version": version.version,
        "source": version.source,
        "engine": version.engine,
        "limits": limits,
        "http_hosts": list(function.http_hosts),
        "environment": dict(function.environment),
        "secrets": dict(secrets),
        "webhooks": None,
        "events": [_event(each, subjects) for each in planned_runs],
        "allow_local_http": allow_local_http,
    }


def _event(each: PlannedRun, subjects: Mapping[str, Subject]) -> dict[str, Any]:
    person = subjects[each.message.run_id].profile
    profile = None if person is None or person.deleted else person.to_user()
    return {"run_id": each.message.run_id, "event": each.event.to_json(), "profile": profile}
