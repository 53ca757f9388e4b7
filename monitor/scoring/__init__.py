"""What a window sounds like, beyond the background: from embeddings to a score per class. Pure."""
