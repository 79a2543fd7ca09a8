"""Where the raw log is kept."""
