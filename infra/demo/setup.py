"""What a customer does before the first event: functions published, webhooks and a sync made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli import project
from cli.client import Client
from examples.orders.events import ORDER_TOPIC, PROFILE_TOPIC
from infra.demo.expected import DOWN_FILTER, FULFILMENT_FILTER
from infra.demo.receiver import DOWN, GONE, Receiver

FUNCTIONS: Final = Path(__file__).parents[2] / "examples" / "orders" / "functions"
PLAIN: Final = "orders"
FULFILMENT: Final = "fulfilment"
TRIGGER: Final = "rfm"
TRANSFORM: Final = "order_payload"
MISBEHAVING: Final = "marked_orders"
# A second is below the stage's QueueDelayMaxSeconds, so this retry rides on the queue's own delay;
# eight are above it, whatever the jitter, so that one waits in the due index until sweep finds it.
QUEUED_RETRY_S: Final = 1
SWEPT_RETRY_S: Final = 8
MANY_QUEUED_RETRIES: Final = (QUEUED_RETRY_S,) * 5
DOWN_RETRIES: Final = (QUEUED_RETRY_S, SWEPT_RETRY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The ids that the API gave to what was made; `gone` is the webhook whose endpoint has left."""

    webhooks: Mapping[str, str]
    gone: str
    sync: str


def fulfilment_key() -> str:
    """The secret that the transform signs with, as its penstock.toml declares it for tests."""
    return project.load(FUNCTIONS / f"{TRANSFORM}.py").local_secrets["FULFILMENT_KEY"]


def install(api: Client, receiver: Receiver) -> Installed:
    """Publish the three functions, then make the webhooks and the warehouse sync.

    The trigger names the engine `restricted`, the transform `wasm`, and the third leaves it to the
    installation.
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
    gone = _webhook(api, receiver, name=GONE, settings={"topics": ["profile.updated"]})
    sync = api.post("/v1/syncs", {"name": "warehouse", "kind": "redshift"})
    return Installed(webhooks=webhooks, gone=gone, sync=sync["id"])


def publish(api: Client, name: str) -> None:
    """Make a function of the shop's, upload its code and make that live."""
    file = FUNCTIONS / f"{name}.py"
    known = project.load(file)
    api.post("/v1/functions", {"name": name, **known.settings})
    for secret in known.settings.get("secrets", ()):
        value = {"value": known.local_secrets[secret]}
        api.put(f"/v1/functions/{name}/secrets/{secret}", value)
    source = {"source": file.read_text(encoding="utf-8")}
    version = api.post(f"/v1/functions/{name}/versions", source)["version"]
    api.post(f"/v1/functions/{name}/publish", {"version": version})


def _webhook(api: Client, receiver: Receiver, *, name: str, settings: Mapping[str, Any]) -> str:
    made = api.post(
        "/v1/webhooks",
        {
            "name": name,
            "url": receiver.url(name),
            "retry_schedule_s": MANY_QUEUED_RETRIES,
            **settings,
        },
    )
    receiver.endpoints[name].secret = made["secret"]
    return str(made["id"])


def _unmarked() -> dict[str, Any]:
    # The marked orders are bad input on purpose; nobody's books should hear of them.
    return {"topic": [{"anything-but": "metric.marked_order"}]}
