"""What covers the screen for a while. An alarm closes all of it."""
