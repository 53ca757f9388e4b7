"""Keeps generated pages, images and annotations up to date."""
