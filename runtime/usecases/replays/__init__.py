"""Working through replays of every kind, and stopping one."""
