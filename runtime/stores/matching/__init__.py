"""Where subscriptions are kept."""
