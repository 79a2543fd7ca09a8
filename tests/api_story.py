"""Calls the API for the examples of the OpenAPI document."""

from dataclasses import dataclass, field
from typing import Any, Final

from functions._api.endpoints import ENDPOINTS
from functions._api.routes import Routes
from tests.api_client import Answer, ApiClient
from tests.builders import NOW

EVENT: Final = {
    "id": "order-1001",
    "topic": "metric.placed_order",
    "occurred_at": NOW,
    "profile": {"external_id": "customer-1", "email": "ada@example.com"},
    "properties": {"order": 1001, "value": 129.9},
}


@dataclass(kw_only=True)
class Story:
    """Calls the API; the first call of an operation that succeeds becomes its example."""

    api: ApiClient
    # The examples by method and path of their operations: `path`, `query`, `body` and `answer`,
    # each left out where there is none.
    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """One call, which must succeed."""
        answer = self.api.call(method, path, body, query=query)
        assert answer.status < 300, (method, path, answer.text)
        match = _ROUTES.find(method, path)
        example = {
            "path": match.parameters,
            "query": query,
            "body": body,
            "status": answer.status,
            "answer": answer.json if answer.text else None,
        }
        kept = {name: value for name, value in example.items() if value not in ({}, None)}
        self.told.setdefault(f"{method} {match.target.path}", kept)
        return answer


_ROUTES: Final = Routes([(each.method, each.rule, each) for each in ENDPOINTS])
