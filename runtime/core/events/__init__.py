"""What an event is: its envelope, its topic, and the wrapping that the bus puts around it."""
