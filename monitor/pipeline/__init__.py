"""From the ring to the sinks: one thread that turns all sources of a run."""
