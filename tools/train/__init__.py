"""Makes the model in the box, and measures it."""
