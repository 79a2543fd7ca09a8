"""Imports: files of people, read record by record from any place in them."""
