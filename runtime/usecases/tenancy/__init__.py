"""Make tenants and keys, and know who calls."""
