"""`make bench`: what it costs and how fast it is, all numbers from one run on one machine."""
