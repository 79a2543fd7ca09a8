"""The local cloud: runs ministack and the Redshift stand-in, and deploys the template to them."""
