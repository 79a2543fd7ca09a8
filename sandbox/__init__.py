"""Runs the functions that users write. It ships alone, in a bundle of its own."""
