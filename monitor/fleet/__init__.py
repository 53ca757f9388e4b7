"""Many nodes seen from one place, through nothing but the broker that they report to.

::

    broker --> reader (mqtt_reader, nats_reader) --> Sightings --> standing (pure) --> table, JSON
                                                           +-----> Inbox (each report once) --> lines

A node is a machine that listens; what it sends is described in `monitor/sinks/uplink`.
"""
