"""Runs untrusted functions; ships alone in its own bundle."""
