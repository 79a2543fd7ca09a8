"""What an event is: its envelope, its topic, and how the bus wraps it."""
