"""Make and run syncs."""
