"""From scores and events to figures with intervals."""
