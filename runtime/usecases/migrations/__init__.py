"""Bring what is stored to the form of this release."""
