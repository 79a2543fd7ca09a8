"""Make tenants and keys, find out who calls, and answer a repeated call once."""
