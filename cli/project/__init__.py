"""Reads and judges `penstock.toml`: what a folder declares of functions, webhooks and syncs."""
