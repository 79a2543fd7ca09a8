"""What the product does, one verb in each file.

A use case acts through its ports and asks the core what to decide.
"""
