"""The stream itself: samples on an integer clock, cut into windows, measured for level."""
