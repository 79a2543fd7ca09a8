"""Push, publish and run functions."""
