"""Erase a person, and show all that is kept of one."""
