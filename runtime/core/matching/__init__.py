"""Which subscriptions an event has: EventBridge patterns, and the index that asks few of them."""
