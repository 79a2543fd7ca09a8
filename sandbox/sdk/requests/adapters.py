"""Connections are the platform's: what would set them up is refused by name."""

from __future__ import annotations

from .refusals import refused

__all__ = ["BaseAdapter", "HTTPAdapter"]

_INSTEAD = "connections are the platform's; to have an event tried again, raise penstock.RetryError"
BaseAdapter = refused("requests.adapters.BaseAdapter", _INSTEAD)
HTTPAdapter = refused("requests.adapters.HTTPAdapter", _INSTEAD)
