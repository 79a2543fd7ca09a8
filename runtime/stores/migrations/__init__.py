"""How far migrations have come, and what each of them does to a table."""
