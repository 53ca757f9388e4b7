"""The self-test of a run: whether an alarm made by code gets to whoever subscribes."""
