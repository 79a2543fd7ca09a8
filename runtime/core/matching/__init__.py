"""Finds the subscriptions that an event reaches: EventBridge patterns, and an index over them."""
