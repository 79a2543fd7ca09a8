"""Deliver, list, show, and send again."""
