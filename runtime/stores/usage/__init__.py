"""Counts and stores what tenants use."""
