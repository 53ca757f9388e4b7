"""When a score is an event: thresholds, confirmation, beginnings and ends. Pure."""
