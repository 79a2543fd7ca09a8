"""Where deliveries, their log and their replays are kept."""
