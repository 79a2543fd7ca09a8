"""Stand-ins for adapters, which say that the platform makes the connections."""

from __future__ import annotations

from typing import Final

from .refusals import refused

__all__ = ["BaseAdapter", "HTTPAdapter"]

_INSTEAD: Final = (
    "connections are the platform's; to have an event tried again, raise penstock.RetryError"
)
BaseAdapter = refused("requests.adapters.BaseAdapter", _INSTEAD)
HTTPAdapter = refused("requests.adapters.HTTPAdapter", _INSTEAD)
