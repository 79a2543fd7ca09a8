"""The scenes of the game day: what goes wrong in each, and which alarms must hear of it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing that goes wrong."""

    name: str  # of its test: tests/game_day/test_<name>.py
    title: str
    done: str  # what is done, in sentences
    real: str  # what of it is as in an installation
    moved: str  # what stands for something else, and for what
    alarms: tuple[str, ...] = ()  # those of the template that must fire, and no others
    silence: str = ""  # why it is right that no alarm fires; empty where one does


OUTAGE: Final = Scene(
    name="outage",
    title="A receiver is out for ten hours",
    done="An endpoint breaks every connection for ten hours. Meanwhile 5,000 events arrive for it,"
    " few at first and most in the last hours. Then it is back.",
    real="the API, the bus, queues and tables of the deployed template, the receiver over HTTP, and"
    " the code, variables and roles of the functions",
    moved="`fanout`, `deliver` and `sweep` run in processes of the game day, by a clock that goes"
    " on a minute at a time; the bus's stamp on each event is moved as the clock is. Every retry"
    " waits in the due index (`QueueDelayMaxSeconds=0`), because SQS delays by the time of the"
    " machine",
    silence="The platform does what it is for, and nobody here could mend the receiver. Whoever can"
    " hears of it: the tenant, by a notice `webhook.failing`, sent to its other webhooks and"
    " functions",
)
POISON: Final = Scene(
    name="poison",
    title="Poison on every queue",
    done="Each of the nine work queues gets a message that is no JSON, the bus an event without a"
    " topic, and each table with a stream an item that no code can read, while 200 events go"
    " through for a webhook.",
    real="everything but the sweep: the deployed functions take the messages from their queues and"
    " streams",
    moved="`sweep`, which looks at the queues every six minutes, runs in a process of the game day"
    " by a clock that goes on a minute at a time",
    alarms=("DeadLetters",),
)
CRASH: Final = Scene(
    name="crash",
    title="A function crashes on every event",
    done="A customer publishes a function that raises on every event, and 200 come. An hour later"
    " it publishes one that works, and replays the runs that failed.",
    real="the deployed functions from the API to the sandbox, which runs the code",
    moved="only the hour: `sweep` runs in a process of the game day, by a clock that goes on a"
    " minute at a time",
    silence="The platform works, and its admin could mend nothing. The function's owner hears of"
    " it by a notice `function.failing`, which webhooks and other functions can subscribe to",
)
FLOOD: Final = Scene(
    name="flood",
    title="A flood on the API",
    done="A caller sends events from eight connections as fast as it is answered. First the limit"
    " of its key (`ApiCallsPerSecond`, here 10) turns calls away, then the two copies that `api`"
    " may have (`ApiConcurrency`). Another tenant calls meanwhile.",
    real="everything from the API's address to the receivers; the metrics `Throttles` and"
    " `Url5xxCount` are those that the local cloud's Lambda counted",
    moved="each burst of 200 calls stands for a minute of a flood that lasts twelve",
    alarms=("Throttled",),
)
SYNC: Final = Scene(
    name="sync",
    title="Nobody runs a sync",
    done="A sync that is due each hour has loaded 200 events. Then its schedule does not come any"
    " more, while 500 events arrive, until an admin has heard of it and the schedule is back.",
    real="the API, the bus, the archive and the raw log are deployed; the planner and the load are"
    " those of the deployed function's code, variables and role, into the local Redshift",
    moved="`sync` and `check_syncs` run in processes of the game day by a clock that goes on an"
    " hour at a time",
    alarms=("SyncOverdue",),
)
SANDBOX: Final = Scene(
    name="sandbox",
    title="The sandbox is killed in the middle of a batch",
    done="All processes of the sandbox get SIGKILL three times while 60 events run through a"
    " function that takes half a second for each.",
    real="all of it: the deployed functions, their queues, and real processes that are killed",
    moved="nothing; only the hour after it, which is judged minute by minute",
    silence="A batch whose sandbox has ended comes again by itself, within the time that everybody"
    " waits anyway. If it went on for ten minutes, `QueueLate` would fire for the queue of runs",
)
TABLES: Final = Scene(
    name="throttled",
    title="The tables throttle",
    done="For seven minutes DynamoDB answers every call of `fanout`, `deliver` and `sweep` with"
    " `ProvisionedThroughputExceededException`, while ten events arrive in each minute.",
    real="the API, the bus, the queues and the tables are deployed; the functions have their code,"
    " variables and roles, and try again as they do in Lambda",
    moved="the three functions run in processes of the game day by a clock that goes on a minute at"
    " a time, and reach the tables through a server that turns them away. Messages that failed come"
    " again in the next minute, which is their queues' visibility timeout. How old the oldest"
    " message is, the local SQS says by the time of the machine, so that `QueueLate`, which would"
    " fire within 17 minutes, has no part in it",
    alarms=("DeliveriesFailing", "SweepStopped"),
)
NOISY: Final = Scene(
    name="noisy",
    title="A tenant floods the match queue",
    done="A tenant sends 2,000 events, and another one 20 behind them, while the queue of events is"
    " not read. Then it is read again.",
    real="all of it: the API, the bus, the queues, and the deployed functions that read them, two"
    " copies of `fanout`. The local SQS hands messages out in the order in which they came, where"
    " AWS's would hand out those of quiet groups first",
    moved="nothing; only the hour after it, which is judged minute by minute",
    silence="Nobody waits for longer than a queue may be late. If the backlog lasted, `QueueLate`"
    " would fire",
)
# In the order of the page.
SCENES: Final = (OUTAGE, POISON, TABLES, CRASH, SANDBOX, SYNC, FLOOD, NOISY)
