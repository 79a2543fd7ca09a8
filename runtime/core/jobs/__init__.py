"""Durable jobs: what has to be done page by page, and survives whoever does it."""
