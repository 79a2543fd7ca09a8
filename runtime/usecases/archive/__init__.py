"""Write events and profiles into the raw log."""
