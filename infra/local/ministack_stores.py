"""Dictionaries and lists that tell the journal what is put in and taken out.

They stand in ministack's memory in place of its own. Loaded by ministack_main.py by its path; this
imports nothing of ours.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

MESSAGE, OBJECT = "message", "object"  # kinds of what the journal keeps
CHOICE_S: Final = 10.0  # the longest that a thread takes to choose among the messages of a queue


class Messages(list[Any]):
    """The messages of a queue, of which the journal hears."""

    def __init__(self, messages: Iterable[Any], home: "Queue") -> None:
        super().__init__(messages)
        self.home = home

    def append(self, message: Any) -> None:
        """One message more; also when another thread has replaced the list meanwhile."""
        with self.home.lock:
            list.append(self.home["messages"], message)
            self.home.keep(message)

    def remove(self, message: Any) -> None:
        """One message less."""
        with self.home.lock:
            list.remove(self.home["messages"], message)
            self.home.drop(message)

    def clear(self) -> None:
        """No message more."""
        with self.home.lock:
            for message in self.home["messages"]:
                self.home.drop(message)
            list.clear(self.home["messages"])


class Queue(dict[str, Any]):
    """A queue, of whose messages the journal hears, also when all of them are replaced."""

    def __init__(self, queue: Mapping[str, Any], journal: Any, place: str) -> None:
        super().__init__(queue)
        self.journal = journal
        self.place = place
        self.lock = threading.RLock()
        super().__setitem__("messages", Messages(queue["messages"], self))

    def keep(self, message: Any) -> None:
        """Write a message as it is now."""
        self.journal.put((MESSAGE, self.place, message["id"]), message)

    def drop(self, message: Any) -> None:
        """Write that a message is gone."""
        self.journal.drop((MESSAGE, self.place, message["id"]))

    def __setitem__(self, name: str, value: Any) -> None:
        """Set a field."""
        if name != "messages":
            super().__setitem__(name, value)
            return
        with self.lock:
            before = self["messages"]
            if before == value:
                return
            after = Messages([*value, *_arrived_since(before, value)], self)
            known, left = {each["id"] for each in before}, {each["id"] for each in after}
            for message in before:
                if message["id"] not in left:
                    self.drop(message)
            for message in after:
                if message["id"] not in known:
                    self.keep(message)
            super().__setitem__(name, after)


def _arrived_since(before: list[Any], after: list[Any]) -> list[Any]:
    """The messages that came while a thread chose which of them stay; ministack would lose them."""
    left = {message["id"] for message in after}
    just_now = time.time() - CHOICE_S
    new = itertools.takewhile(
        lambda each: (
            each["id"] not in left and not each["receive_count"] and each["sent_at"] > just_now
        ),
        reversed(before),
    )
    return list(new)[::-1]


class Objects(dict[str, Any]):
    """The objects of a bucket. The journal hears of each that comes and goes."""

    def __init__(self, objects: Mapping[str, Any], journal: Any, place: str) -> None:
        super().__init__(objects)
        self.journal = journal
        self.place = place

    def __setitem__(self, key: str, value: Any) -> None:
        """Store an object."""
        super().__setitem__(key, value)
        self.journal.put((OBJECT, self.place, key), value)

    def __delitem__(self, key: str) -> None:
        """Delete an object."""
        super().__delitem__(key)
        self.journal.drop((OBJECT, self.place, key))

    def pop(self, key: str, *default: Any) -> Any:
        """Delete an object, if it is there."""
        if key in self:
            self.journal.drop((OBJECT, self.place, key))
        return super().pop(key, *default)


def watched(
    store: Any, arrived: Callable[[str, Any], Any], gone: Callable[[str, Any], None]
) -> Any:
    """A store of ministack with the same content, which hands on what is put in and taken out.

    Args:
        store: one of ministack's dictionaries by account, or by account and region.
        arrived: gets the place of a value and the value, and gives the one to store.
        gone: gets the place of a value that was taken out, and the value.
    """
    kind = type(store)

    class Watched(kind):  # type: ignore[misc,valid-type]
        __slots__ = ()

        def __setitem__(self, key: Any, value: Any) -> None:
            scoped = self._scoped(key)
            self._data[scoped] = arrived(place_of(scoped), value)

        def __delitem__(self, key: Any) -> None:
            self._take(self._scoped(key))

        def pop(self, key: Any, *default: Any) -> Any:
            scoped = self._scoped(key)
            return self._take(scoped) if scoped in self._data else super().pop(key, *default)

        def pop_scoped(self, account_id: str, region: str, key: Any, *default: Any) -> Any:
            is_there = self.contains_scoped(account_id, region, key)
            found = super().pop_scoped(account_id, region, key, *default)
            if is_there:
                gone(place_of((account_id, region, key)), found)
            return found

        def _take(self, scoped: Any) -> Any:
            value = self._data.pop(scoped)
            gone(place_of(scoped), value)
            return value

    found = Watched()
    for scoped, value in store._data.items():
        found._data[scoped] = arrived(place_of(scoped), value)
    return found


def place_of(scoped: tuple[str, ...]) -> str:
    """The place of a value in the journal, by its key in a store of ministack."""
    return json.dumps(scoped)


def scoped_of(place: str) -> tuple[str, ...]:
    """The key in a store of ministack, by the place."""
    return tuple(json.loads(place))
