"""Watches an installation."""
