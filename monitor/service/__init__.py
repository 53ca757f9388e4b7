"""The monitor as a service of this machine: begun with it, begun again when it hangs."""
