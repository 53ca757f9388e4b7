"""What a run counts, for Prometheus."""
