"""Counts what tenants use."""
