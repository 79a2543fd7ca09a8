"""Composition root of `sweep`: the chores of each minute."""

from collections.abc import Callable, Mapping
from typing import Final

from runtime import settings
from runtime.wiring import limits, parts, worker
from runtime.wiring.worker import Journal

# For all replays, out of the minute between two sweeps: what is due comes first.
REPLAYS_S: Final = 20


def build(journal: Journal) -> Mapping[str, Callable[[], int]]:
    """The sweeps, by the kind of record; each returns how many records it took up.

    The sweeps of deliveries and runs send a hint for each record that is due, those of endpoints
    and functions send the notices that are unsent, and those of replays and purges go on with each.
    That of the audit log ends the entries that killed calls have left. The last one looks at all
    queues, and returns how many are in trouble.
    """
    from runtime.core.deliveries.hints import delivery_hint
    from runtime.core.functions.hints import is_hinted, run_hint
    from runtime.core.operations.switches import Switch
    from runtime.core.replays.replay import Kind
    from runtime.stores.tables import shards
    from runtime.stores.watch.watched_queues import WatchedQueues
    from runtime.usecases.audit.end_entries import EndEntries
    from runtime.usecases.deliveries.replay_page import ReplayPage
    from runtime.usecases.functions.purge_functions import PurgeFunctions
    from runtime.usecases.functions.replay_page import ReplayRunsPage
    from runtime.usecases.functions.rerun_transforms import RerunTransforms
    from runtime.usecases.jobs.work_off import WorkOff
    from runtime.usecases.sweep import Sweep
    from runtime.usecases.watch.watch_queues import WatchQueues

    installation = settings.load()
    clients = parts.clients(installation)
    stored_deliveries = parts.deliveries(clients, installation)
    stored_runs = parts.runs(clients, installation)
    hints = parts.hints(clients, installation.deliver_queue_url)
    max_delay_s = installation.queue_delay_max_s
    deliveries = Sweep(
        records=stored_deliveries,
        hints=hints,
        hint_of=delivery_hint,
        is_hinted=lambda delivery: delivery.hinted,
        shards=shards.DELIVERY_SHARDS,
        clock=worker.now,
        is_paused=limits.is_paused(clients, installation, Switch.DELIVERY),
    )
    runs = Sweep(
        records=stored_runs,
        hints=parts.hints(clients, installation.run_queue_url),
        hint_of=run_hint,
        is_hinted=lambda run: is_hinted(run, queue_delay_max_s=max_delay_s),
        shards=shards.RUN_SHARDS,
        clock=worker.now,
    )
    endpoints = parts.tend_endpoints(clients, installation, journal).sweep
    run_again = parts.run_again(clients, installation)
    replays = WorkOff(
        store=parts.replays(clients, installation),
        steps={
            Kind.DELIVERIES: ReplayPage(
                deliveries=stored_deliveries,
                hints=hints,
                rerun_transforms=RerunTransforms(runs=stored_runs, run_again=run_again),
                clock=worker.now,
            ),
            Kind.RUNS: ReplayRunsPage(
                runs=stored_runs,
                functions=parts.functions(clients, installation),
                run_again=run_again,
                clock=worker.now,
            ),
        },
        budget_s=REPLAYS_S,
        clock=worker.now,
    )
    purges = PurgeFunctions(
        functions=parts.functions(clients, installation),
        deletions=parts.deletions(clients, installation),
        clock=worker.now,
    )
    audit = EndEntries(
        entries=parts.audit_log(clients, installation),
        bus=parts.bus(clients, installation),
        shards=shards.AUDIT_SHARDS,
        clock=worker.now,
    )
    queues = WatchQueues(
        queues=WatchedQueues(
            sqs=clients.sqs, cloudwatch=clients.cloudwatch, urls=installation.watched_queue_urls
        ),
        clock=worker.now,
        journal=journal,
    )
    return {
        "deliveries": deliveries,
        "runs": runs,
        "endpoints": endpoints,
        "functions": parts.tend_functions(clients, installation, journal).sweep,
        "replays": replays,
        "purges": purges,
        "audit": audit,
        "queues": queues,
    }
