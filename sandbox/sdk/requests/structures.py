"""The mappings of `requests`: CaseInsensitiveDict and LookupDict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from .. import values

__all__ = ["CaseInsensitiveDict", "LookupDict"]


class CaseInsensitiveDict(MutableMapping[str, Any]):
    """A dict of headers. Names are found in any case, and keep the case that they were set in."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        self._store: dict[str, tuple[str, Any]] = {}
        self.update({} if data is None else data, **kwargs)

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Set the keys of a mapping or of pairs."""
        for key, value in [*values.pairs(other), *more.items()]:
            self[key] = value

    def __setitem__(self, key: str, value: Any) -> None:
        name = _name(key)
        self._store[name.lower()] = (name, value)

    def __getitem__(self, key: str) -> Any:
        return self._store[_name(key).lower()][1]

    def __delitem__(self, key: str) -> None:
        del self._store[_name(key).lower()]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._store.values())

    def __len__(self) -> int:
        return len(self._store)

    def lower_items(self) -> Iterator[tuple[str, Any]]:
        """Pairs of a name in lower case and its value."""
        return ((name, value) for name, (_, value) in self._store.items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> CaseInsensitiveDict:
        """A new dict with the same headers."""
        return CaseInsensitiveDict(self._store.values())

    def __repr__(self) -> str:
        return str(dict(self.items()))


def _name(key: Any) -> str:
    if isinstance(key, bytes):
        return values.exact_bytes(key).decode("latin-1")
    if not isinstance(key, str):
        raise TypeError(f"a header's name is text, not {type(key).__name__}")
    return values.exact_text(key)


class LookupDict(Mapping[str, Any]):
    """Gives values by name, as attributes and as items; as an item, an unknown name gives None.

    As a mapping it is empty, as the real one is. It is no subclass of dict, because user code could
    write to it by the methods of dict.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<lookup '{self.name}'>"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, key: object) -> bool:
        return False

    def __getitem__(self, key: str) -> Any:
        return self.__dict__.get(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value with this name, or the default."""
        return self.__dict__.get(key, default)
