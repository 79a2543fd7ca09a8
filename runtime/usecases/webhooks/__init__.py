"""Create, change and try webhooks."""
