"""Events and states on an MQTT broker, laid out so that Home Assistant finds the monitor by itself.

::

    PREFIX/NODE/availability                        online | offline, when it dies too
    PREFIX/NODE/listening             [/set]        ON | OFF: armed, or paused
    PREFIX/NODE/missed                              how many urgent events nobody has acknowledged
    PREFIX/NODE/missed/list                         which, as JSON
    PREFIX/NODE/acknowledge/set                     PRESS, or the id of an event
    PREFIX/NODE/refused                             what was asked for and not done, and why, as JSON
    PREFIX/NODE/SOURCE/hearing                      good | too_quiet | noisy | overloaded | deaf
    PREFIX/NODE/SOURCE/connected, problem           ON | OFF
    PREFIX/NODE/SOURCE/health                       state and reasons, as JSON
    PREFIX/NODE/SOURCE/CLASS/sound                  ON | OFF
    PREFIX/NODE/SOURCE/CLASS/event                  one message of an event, as JSON; not kept
    PREFIX/NODE/SOURCE/CLASS/mute     [/set]        ON | OFF
    PREFIX/NODE/SOURCE/CLASS/threshold  [/set]      a number

One thread owns all of it (`worker.py`); it has a mailbox for the pipeline and for the library's own thread.
"""
