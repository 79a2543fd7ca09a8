"""Versions that code in a cache depends on; raise POLICY when the same source must compile anew."""

from typing import Final

POLICY: Final = "3"
