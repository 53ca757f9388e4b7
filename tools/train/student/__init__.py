"""A small audio network that learns to answer as the audio teacher does, feature by feature."""
