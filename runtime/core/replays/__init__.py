"""Replays: jobs that do again what has ended, page by page."""
