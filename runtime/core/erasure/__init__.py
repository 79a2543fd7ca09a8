"""The erasure of a person, and what is kept of one."""
