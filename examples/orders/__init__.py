"""A CD shop's real purchase log as events, and the two functions that the demo publishes."""
