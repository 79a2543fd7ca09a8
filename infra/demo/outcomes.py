"""Compares what the warehouse says of deliveries and runs with what the API says of them."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from infra.demo.patience import Patience
from infra.demo.setup import MISBEHAVING, TRANSFORM
from infra.demo.stage import Stage

LISTED: Final = 100  # of each webhook and function, of which there may be thousands
DELIVERIES: Final = "SELECT delivery_id, status FROM {deliveries} WHERE webhook_id = :webhook"
RUNS: Final = "SELECT run_id, outcome, attempts FROM {function_runs} WHERE function_name = :name"


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for each webhook and function of which the two say different things."""
    stage.progress.step("comparing deliveries and runs in the warehouse with those of the API")
    stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")  # the schedule comes only once a minute
    for name, webhook in (*stage.setup.webhooks.items(), ("gone", stage.setup.gone)):
        if not patience.until(partial(_agree_on_webhook, stage, webhook)):
            yield f"warehouse and API say different things of the deliveries of {name}"
    for function in (TRANSFORM, MISBEHAVING):
        if not patience.until(partial(_agree_on_function, stage, function)):
            yield f"warehouse and API say different things of the runs of {function}"


def _agree_on_webhook(stage: Stage, webhook: str) -> bool:
    """Whether the newest deliveries stand in the warehouse as they stand now.

    A retry may be made meanwhile; then they agree a load later.
    """
    newest = stage.api.each("/v1/deliveries", {"webhook": webhook}, limit=LISTED)
    told = {delivery["id"]: (delivery["status"],) for delivery in newest}
    return bool(told) and told.items() <= _rows(stage, DELIVERIES, webhook=webhook).items()


def _agree_on_function(stage: Stage, name: str) -> bool:
    """Whether the newest runs stand in the warehouse as they stand now."""
    newest = stage.api.each(f"/v1/functions/{name}/runs", limit=LISTED)
    told = {run["id"]: (run["outcome"], str(run["attempt"])) for run in newest}
    return bool(told) and told.items() <= _rows(stage, RUNS, name=name).items()


def _rows(stage: Stage, statement: str, **parameters: str) -> dict[str, tuple[str, ...]]:
    """How each stands, by its id."""
    rows = stage.warehouse.query(statement, **parameters)
    return {str(row[0]): tuple(str(value) for value in row[1:]) for row in rows}
