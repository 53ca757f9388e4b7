"""Programs that make, measure and keep up what the product ships; no part of it."""
