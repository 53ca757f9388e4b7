"""Tables and plots of the figures."""
