"""Replaces members of modules and classes."""

from __future__ import annotations


def put(owner: object, **members: object) -> None:
    """Set these members of a module or a class, in place of its own with the same names."""
    for name, member in members.items():
        setattr(owner, name, member)
