"""What a tenant says of a destination of its own: where it is, and how we log in there."""
