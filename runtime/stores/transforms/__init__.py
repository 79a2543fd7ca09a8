"""Stores data transforms."""
