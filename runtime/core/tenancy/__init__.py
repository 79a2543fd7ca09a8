"""Who calls: API keys, and answers that are given once."""
