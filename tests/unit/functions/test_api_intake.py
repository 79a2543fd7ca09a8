"""The intake of events, paused by an admin."""

from runtime.core.operations.switches import Switch
from runtime.stores.operations.switches import StoredSwitches
from tests.api_client import running_api
from tests.builders import NOW


def test_a_paused_intake_says_when_to_come_again() -> None:
    """Senders that honour `Retry-After` need not know of us; all other calls go on."""
    with running_api() as api:
        StoredSwitches(table=api.cloud.config.table).pause(Switch.INTAKE, at=NOW)

        answer = api.post("/v1/events", {"topic": "metric.x"})

        assert (503, "intake_paused") == (answer.status, answer.json["code"])
        assert "30" == answer.headers["retry-after"]
        assert 200 == api.get("/v1/events").status
