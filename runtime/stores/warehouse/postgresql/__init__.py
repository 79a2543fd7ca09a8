"""PostgreSQL as a destination of syncs."""
