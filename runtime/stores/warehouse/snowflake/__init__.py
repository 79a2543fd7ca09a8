"""Snowflake as a destination of syncs."""
