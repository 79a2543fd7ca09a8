"""Where deliveries and their log are kept."""
