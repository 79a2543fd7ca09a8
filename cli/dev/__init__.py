"""`penstock dev`: a project on the local cloud, published on save, with all that comes of it."""
