"""Create and run syncs."""
