"""Take events in."""
