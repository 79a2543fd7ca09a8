"""Where replays are stored."""
