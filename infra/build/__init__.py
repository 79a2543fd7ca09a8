"""How the bundles and layers that the template deploys are made."""
