"""Functions of the user's that see each response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import values

Hook = Callable[..., Any]


def default_hooks() -> dict[str, list[Hook]]:
    """No hooks."""
    return {"response": []}


class Hooked:
    """What hooks can be registered with."""

    hooks: dict[str, list[Hook]]

    def register_hook(self, event: str, hook: Any) -> None:
        """Have this function, or each of these, called with every response."""
        shown = values.shown(event)
        if shown != "response":
            raise ValueError(f'Unsupported event specified, with event name "{shown}"')
        hooks = [hook] if callable(hook) else [each for each in hook if callable(each)]
        list.extend(self.hooks["response"], hooks)

    def deregister_hook(self, event: str, hook: Hook) -> bool:
        """Take a function out; False where it was not registered."""
        kept = self.hooks[event]
        for index, each in enumerate(kept):
            if each is hook:
                list.__delitem__(kept, index)
                return True
        return False


def merged(own: Any, of_session: Any) -> list[Hook]:
    """The hooks of a request; those of its session where it has none."""
    hooks = listed(own)
    return hooks or listed(of_session)


def listed(hooks: Any) -> list[Hook]:
    """The hooks in a dict of the user's."""
    made: list[Hook] = []
    for event, hook in values.pairs({} if hooks is None else hooks):
        holder = Hooked()
        holder.hooks = default_hooks()
        holder.register_hook(event, hook)
        made.extend(holder.hooks["response"])
    return made


def dispatch(hooks: list[Hook], response: Any, **settings: Any) -> Any:
    """What the hooks make of the response: each may return another one."""
    for hook in list(hooks):
        made = hook(response, **settings)
        if made is not None:
            response = made
    return response
