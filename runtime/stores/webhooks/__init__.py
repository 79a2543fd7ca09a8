"""Where webhooks are kept."""
