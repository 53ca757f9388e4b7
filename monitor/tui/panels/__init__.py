"""The parts of the screen. Each is a pure function from a view and a size to lines."""
