"""Make, change and try webhooks."""
