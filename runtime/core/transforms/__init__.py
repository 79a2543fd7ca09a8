"""Data transforms: properties that the platform derives from others, without code."""
