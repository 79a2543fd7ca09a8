"""What user code imports, and what a webhook receiver verifies with."""
