"""What the API does with functions and their runs."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.functions.canary_counts import CanaryCounts
from runtime.stores.functions.error_groups import ErrorGroups
from runtime.stores.functions.functions import Functions
from runtime.stores.functions.health import FunctionHealths
from runtime.stores.functions.sandbox_function import SandboxFunction
from runtime.stores.replays.replays import Replays
from runtime.usecases.functions.choose_event import ChooseEvent
from runtime.usecases.functions.create_function import CreateFunction, UpdateFunction
from runtime.usecases.functions.delete_function import DeleteFunction, RestoreFunction
from runtime.usecases.functions.delete_version import DeleteVersion
from runtime.usecases.functions.dry_run import DryRun
from runtime.usecases.functions.invoke_function import InvokeFunction
from runtime.usecases.functions.list_runs import ListRuns
from runtime.usecases.functions.publish_version import PublishVersion
from runtime.usecases.functions.push_version import PushVersion
from runtime.usecases.functions.retry_run import RetryRun
from runtime.usecases.functions.roll_back import RollBack
from runtime.usecases.functions.set_secret import SetSecret, UnsetSecret
from runtime.usecases.functions.show_run import ShowRun
from runtime.usecases.functions.start_replay import StartRunReplay
from runtime.usecases.functions.switch_function import SwitchFunction
from runtime.usecases.functions.try_canary import TryCanary
from runtime.usecases.replays.cancel_replay import CancelReplay
from runtime.wiring import parts, people_parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionApi:
    """What the API does with functions."""

    store: Functions  # to list and show them
    create: CreateFunction
    update: UpdateFunction
    switch: SwitchFunction
    delete: DeleteFunction
    restore: RestoreFunction
    push: PushVersion
    publish: PublishVersion
    roll_back: RollBack
    canary: TryCanary
    canary_counts: CanaryCounts  # the store, to show them
    delete_version: DeleteVersion
    set_secret: SetSecret
    errors: ErrorGroups  # the store, to list them
    healths: FunctionHealths  # the store, to show them
    list_runs: ListRuns
    unset_secret: UnsetSecret
    show_run: ShowRun
    retry_run: RetryRun
    choose_event: ChooseEvent
    invoke: InvokeFunction
    dry_run: DryRun
    replays: Replays  # the store, to list and show them
    start_replay: StartRunReplay
    cancel_replay: CancelReplay


def build(clients: Clients, installation: Settings) -> FunctionApi:
    """The use cases of functions, with their stores."""
    functions, runs = parts.functions(clients, installation), parts.runs(clients, installation)
    deletions = parts.deletions(clients, installation)
    replays = parts.replays(clients, installation)
    events, secrets = parts.events(clients, installation), parts.secrets(clients, installation)
    sandbox = SandboxFunction(client=clients.functions, name=installation.sandbox_function)
    retry_run = parts.retry_run(clients, installation)
    return FunctionApi(
        store=functions,
        create=CreateFunction(functions=functions, clock=worker.now),
        update=UpdateFunction(functions=functions),
        switch=SwitchFunction(functions=functions, clock=worker.now),
        delete=DeleteFunction(
            functions=functions,
            deletions=deletions,
            webhooks=parts.webhooks(clients, installation),
            clock=worker.now,
        ),
        restore=RestoreFunction(functions=functions, deletions=deletions),
        push=PushVersion(
            functions=functions,
            sandbox=sandbox,
            clock=worker.now,
        ),
        publish=PublishVersion(functions=functions, clock=worker.now),
        roll_back=RollBack(functions=functions, clock=worker.now),
        canary=TryCanary(functions=functions, new_id=parts.new_id, clock=worker.now),
        canary_counts=parts.canary_counts(clients, installation),
        delete_version=DeleteVersion(functions=functions, clock=worker.now),
        set_secret=SetSecret(
            functions=functions,
            seal=secrets.seal,
            clock=worker.now,
        ),
        errors=parts.error_groups(clients, installation),
        healths=parts.function_healths(clients, installation),
        list_runs=ListRuns(
            runs=runs, functions=functions, webhooks=parts.webhooks(clients, installation)
        ),
        unset_secret=UnsetSecret(functions=functions),
        show_run=ShowRun(runs=runs),
        retry_run=retry_run,
        choose_event=ChooseEvent(events=events, new_id=parts.new_id, clock=worker.now),
        invoke=InvokeFunction(
            functions=functions,
            runs=runs,
            events=events,
            hints=parts.hints(clients, installation.run_queue_url),
            retry=retry_run,
        ),
        dry_run=DryRun(
            functions=functions,
            people=people_parts.people(clients, installation),
            sandbox=sandbox,
            unseal=secrets.open,
            clock=worker.now,
            allow_local_http=installation.allow_local_http,
        ),
        replays=replays,
        start_replay=StartRunReplay(
            replays=replays, functions=functions, new_id=parts.new_id, clock=worker.now
        ),
        cancel_replay=CancelReplay(replays=replays, clock=worker.now),
    )
