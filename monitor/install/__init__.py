"""Models of the user: fetched, checked, moved into place."""
