"""Does what a customer does first: publishes functions, and makes webhooks and a sync."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cli.client import Client
from cli.project.functions import load_function
from examples.orders.events import ORDER_TOPIC, PROFILE_TOPIC
from infra.demo.expected import DOWN_FILTER, FULFILMENT_FILTER
from infra.demo.receiver import DOWN, GONE, Receiver

FUNCTIONS: Final = Path(__file__).parents[2] / "examples" / "orders" / "functions"
PLAIN: Final = "orders"
FULFILMENT: Final = "fulfilment"
TRIGGER: Final = "rfm"
TRANSFORM: Final = "order_payload"
MISBEHAVING: Final = "marked_orders"
# The stage's QueueDelayMaxSeconds lies between these two. So the first retry waits in the queue.
# The second, whatever its jitter, waits in the due index until sweep finds it.
QUEUED_RETRY_S: Final = 1
SWEPT_RETRY_S: Final = 8
MANY_QUEUED_RETRIES: Final = (QUEUED_RETRY_S,) * 5
DOWN_RETRIES: Final = (QUEUED_RETRY_S, SWEPT_RETRY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The ids of what the customer has made."""

    webhooks: Mapping[str, str]  # by name
    gone: str  # of the webhook whose endpoint answers 410
    sync: str


NOTHING: Final = Setup(webhooks={}, gone="", sync="")  # of a customer that has not begun


def fulfilment_key() -> str:
    """The secret that the transform signs with, from its penstock.toml."""
    return load_function(FUNCTIONS / f"{TRANSFORM}.py").local_secrets["FULFILMENT_KEY"]


def install(api: Client, receiver: Receiver) -> Setup:
    """Publish the three functions, then make the webhooks and the warehouse sync.

    The trigger asks for the engine `restricted`, the transform for `wasm`. The third function gets
    the engine that the installation chooses.
    """
    for name in (TRIGGER, TRANSFORM, MISBEHAVING):
        publish(api, name)
    webhooks = {
        PLAIN: _webhook(
            api,
            receiver,
            name=PLAIN,
            settings={"topics": ["metric.*"], "filter": _unmarked()},
        ),
        FULFILMENT: _webhook(
            api,
            receiver,
            name=FULFILMENT,
            settings={
                "topics": [ORDER_TOPIC],
                "filter": FULFILMENT_FILTER,
                "transform": TRANSFORM,
            },
        ),
        DOWN: _webhook(
            api,
            receiver,
            name=DOWN,
            settings={
                "topics": [PROFILE_TOPIC],
                "filter": DOWN_FILTER,
                "retry_schedule_s": DOWN_RETRIES,
            },
        ),
    }
    return Setup(webhooks=webhooks, gone=_gone(api, receiver), sync=make_sync(api))


def only_sync(api: Client, _receiver: Receiver) -> Setup:
    """Make nothing but the warehouse sync."""
    return replace(NOTHING, sync=make_sync(api))


def only_gone(api: Client, receiver: Receiver) -> Setup:
    """Make nothing but the webhook whose endpoint answers 410."""
    return replace(NOTHING, gone=_gone(api, receiver))


def make_sync(api: Client) -> str:
    """Make the warehouse sync; its id."""
    return str(api.post("/v1/syncs", {"name": "warehouse", "kind": "redshift"})["id"])


def publish(api: Client, name: str) -> None:
    """Make one of the shop's functions with its secrets, upload its code and publish it."""
    file = FUNCTIONS / f"{name}.py"
    settings = load_function(file)
    api.post("/v1/functions", {"name": name, **settings.settings})
    for secret in settings.settings.get("secrets", ()):
        value = {"value": settings.local_secrets[secret]}
        api.put(f"/v1/functions/{name}/secrets/{secret}", value)
    source = {"source": file.read_text(encoding="utf-8")}
    version = api.post(f"/v1/functions/{name}/versions", source)["version"]
    api.post(f"/v1/functions/{name}/publish", {"version": version})


def _gone(api: Client, receiver: Receiver) -> str:
    return _webhook(api, receiver, name=GONE, settings={"topics": ["profile.updated"]})


def _webhook(api: Client, receiver: Receiver, *, name: str, settings: Mapping[str, Any]) -> str:
    webhook = api.post(
        "/v1/webhooks",
        {
            "name": name,
            "url": receiver.url(name),
            "retry_schedule_s": MANY_QUEUED_RETRIES,
            **settings,
        },
    )
    receiver.endpoints[name].secret = webhook["secret"]
    return str(webhook["id"])


def _unmarked() -> dict[str, Any]:
    # The marked orders are bad input on purpose, and no webhook should get them.
    return {"topic": [{"anything-but": "metric.marked_order"}]}
