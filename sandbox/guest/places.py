"""Puts things of ours in the place of what a module or class has."""

from __future__ import annotations


def put(owner: object, **members: object) -> None:
    """Give a module or a class these members, instead of its own of these names."""
    for name, member in members.items():
        setattr(owner, name, member)
