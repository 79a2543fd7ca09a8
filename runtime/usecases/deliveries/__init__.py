"""Deliver, list, show and replay."""
