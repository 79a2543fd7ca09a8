"""Hooks: functions of the user's that get each response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import values

Hook = Callable[..., Any]


def default_hooks() -> dict[str, list[Hook]]:
    """A new table without hooks."""
    return {"response": []}


class Hooked:
    """Something that hooks can be registered with."""

    hooks: dict[str, list[Hook]]

    def register_hook(self, event: str, hook: Any) -> None:
        """Register a function, or each of several, to be called with every response."""
        event_name = values.shown(event)
        if event_name != "response":
            raise ValueError(f'Unsupported event specified, with event name "{event_name}"')
        hooks = [hook] if callable(hook) else [each for each in hook if callable(each)]
        list.extend(self.hooks["response"], hooks)

    def deregister_hook(self, event: str, hook: Hook) -> bool:
        """Remove a function, and say whether it was registered."""
        registered_hooks = self.hooks[event]
        for index, each in enumerate(registered_hooks):
            if each is hook:
                list.__delitem__(registered_hooks, index)
                return True
        return False


def merged(own: Any, of_session: Any) -> list[Hook]:
    """The hooks of a request, or those of its session if it has none."""
    hooks = listed(own)
    return hooks or listed(of_session)


def listed(hooks: Any) -> list[Hook]:
    """The hooks in a user's dict."""
    all_hooks: list[Hook] = []
    for event, hook in values.pairs({} if hooks is None else hooks):
        holder = Hooked()
        holder.hooks = default_hooks()
        holder.register_hook(event, hook)
        all_hooks.extend(holder.hooks["response"])
    return all_hooks


def dispatch(hooks: list[Hook], response: Any, **settings: Any) -> Any:
    """Call the hooks with the response, and give the last response: each may return another one."""
    for hook in list(hooks):
        new_response = hook(response, **settings)
        if new_response is not None:
            response = new_response
    return response
