"""Creating exports, doing a page of one, and fetching its file."""
