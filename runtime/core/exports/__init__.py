"""Exports: which people go into a file, and how they are written there."""
