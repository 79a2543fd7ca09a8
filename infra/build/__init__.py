"""Makes the bundles and layers that the template deploys, and the environments to work in."""
