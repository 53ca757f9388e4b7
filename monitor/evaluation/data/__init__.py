"""Recordings to evaluate with, and what is in them."""
