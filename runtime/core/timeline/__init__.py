"""What happened to a person, in the order of time."""
