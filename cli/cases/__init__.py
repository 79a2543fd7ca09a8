"""Saved cases: a function's event and what is expected of its run, kept in files beside it."""
