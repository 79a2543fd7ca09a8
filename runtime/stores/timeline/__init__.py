"""Where timelines are kept."""
