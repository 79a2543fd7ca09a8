"""Jobs in their table."""
