"""Recordings as they are published: clips, the index they are listed in, and the layouts of data sets."""
