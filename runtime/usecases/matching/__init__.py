"""Hand an event to its subscriptions."""
