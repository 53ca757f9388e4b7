"""Keeps generated pages, pictures and annotations up to date."""
