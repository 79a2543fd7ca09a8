"""The product: pure core, use cases, stores and egress, put together in wiring."""
