"""What a delivery and its attempts are, and what follows from how an attempt ended."""
