"""Model folders: which there are, what is in them, and whether it is what it should be."""
