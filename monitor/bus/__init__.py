"""The event bus: what travels on it, who publishes, who subscribes, who may ask."""
