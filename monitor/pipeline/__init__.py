"""From the ring to the sinks: one thread that steps all sources of a run."""
