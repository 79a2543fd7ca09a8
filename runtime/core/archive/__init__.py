"""The names and numbers of the raw log."""
