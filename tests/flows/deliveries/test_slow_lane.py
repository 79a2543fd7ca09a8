"""The slow lane as deployed: health in the table, two queues, one function."""

from runtime.core.deliveries.messages import parse_deliver
from runtime.core.pacing import endpoint_health
from runtime.stores.pacing.endpoints import Endpoints
from runtime.wiring.worker import now
from tests.builders import TENANT, a_deliver_message
from tests.cloud import Cloud
from tests.flows.bus import call


def test_deliver_moves_what_is_bound_for_a_slow_endpoint(cloud: Cloud) -> None:
    """Its message is done with here, and waits in the other queue with everything it said."""
    message = a_deliver_message()
    endpoints = Endpoints(table=cloud.deliveries.table, clock=now)
    unknown = endpoints.find(TENANT, message.webhook_id)
    now_ms = int(now().timestamp() * 1000)
    endpoints.replace(unknown, endpoint_health.slowed(unknown, now_ms=now_ms))

    assert [] == call(cloud, "deliver", message.to_json())

    [moved] = [parse_deliver(each["Body"]) for each in cloud.received("slow")]
    assert moved.slow
    assert {**message.to_json(), "slow": True} == moved.to_json()
    assert cloud.deliveries.find(message.delivery_id) is None
