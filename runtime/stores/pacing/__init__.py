"""Where endpoints' health and turns are kept."""
