"""How a batch of run messages becomes sandbox jobs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.messages import RunMessage, parse_run
from runtime.core.ids import Key
from runtime.core.json_text import dump
from runtime.core.profiles import profile
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput

MAX_JOB_BYTES: Final = 4 * 1024 * 1024  # Lambda takes 6 MB; source and secrets come on top
MAX_JOB_EVENTS: Final = 10  # of 15 s each: an invocation stays under three minutes
# Output and effects of one run, and room for how they are written. The sandbox has limits of 1 MB
# and 256 KB, and what comes out of it is checked like anything else from outside.
MAX_LEFT_BYTES: Final = (1024 + 256 + 64) * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run that is to be made."""

    message: RunMessage
    event: Event
    profile_id: str | None

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """What two runs of one job may not have in common."""
        person = set() if self.profile_id is None else {("profile", self.profile_id)}
        return frozenset({("run", self.message.run_id)} | person)


def parse(text: str, *, now: str) -> PlannedRun:
    """A run message with its event parsed.

    Raises:
        BadInput: not a run message, or its event is none.
    """
    message = parse_run(text)
    event = envelope.parse(message.event, now=now)
    if event.tenant != message.tenant:  # nobody's event runs in another's function
        raise BadInput("its event is another tenant's", field="tenant", code="bad_message")
    return PlannedRun(message=message, event=event, profile_id=profile.id_of(event))


def groups(planned_runs: Iterable[PlannedRun]) -> list[list[PlannedRun]]:
    """The planned runs of each tenant's function, in order of arrival."""
    by_function: dict[Key, list[PlannedRun]] = {}
    for each in planned_runs:
        key = Key(each.message.tenant, each.message.function)
        by_function.setdefault(key, []).append(each)
    return list(by_function.values())


def waves(planned_runs: Iterable[PlannedRun]) -> list[list[PlannedRun]]:
    """Batches to be run one after the other.

    Two events of one profile are never in the same: the second must see what the first has done.
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
    planned_runs: Sequence[PlannedRun], profiles: Mapping[Key, Profile]
) -> list[list[PlannedRun]]:
    """A wave in pieces that fit one invocation."""
    pieces: list[list[PlannedRun]] = []
    room = 0
    for each in planned_runs:
        size = len(dump(_event(each, profiles)).encode())
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
    profiles: Mapping[Key, Profile],
    secrets: Mapping[str, str],
    allow_local_http: bool,
) -> dict[str, Any]:
    """What the sandbox is asked to run."""
    limits = asdict(function.limits)
    limits.pop("concurrent_runs")  # of the function as a whole; one run cannot know of the others
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
        "events": [_event(each, profiles) for each in planned_runs],
        "allow_local_http": allow_local_http,
    }


def _event(each: PlannedRun, profiles: Mapping[Key, Profile]) -> dict[str, Any]:
    person = profiles.get(Key(each.message.tenant, each.profile_id or ""))
    profile = None if person is None or person.deleted else person.to_user()
    return {"run_id": each.message.run_id, "event": each.event.to_json(), "profile": profile}
