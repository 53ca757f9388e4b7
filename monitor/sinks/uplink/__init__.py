"""What a node reports to a broker for whoever looks after many: events, how it hears, signs of life.

::

    MQTT                    what it is                  kept by the broker
    PREFIX/NODE/report      a `Report`                  of NATS: each, for 30 days
    PREFIX/NODE/state       a `NodeState`               the last
    PREFIX/NODE/presence    online | stopped | lost     the last; `lost` is said by the broker itself
    PREFIX/ask              who compares clocks         no
    PREFIX/NODE/answer      an `Answer`                 no

NATS has the same with dots, no presence, and an answer is the reply to who asked. Reports wait on the disk
(`spool.py`) until the broker has acknowledged them. One thread owns all of it (`worker.py`).
"""
