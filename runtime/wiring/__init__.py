"""Composition roots: each Lambda's use cases with their stores, one file a Lambda."""
