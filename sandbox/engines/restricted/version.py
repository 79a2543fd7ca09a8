"""Versions that code in a cache depends on; raise POLICY when the same source must compile anew."""

POLICY = "3"
