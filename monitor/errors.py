"""Everything that can go wrong, as one tree.

::

    MonitorError                   one clear sentence; the command line prints it and exits with code 2
    ├── ConfigError                a key, a value or a combination of flags that cannot work
    ├── SourceError                a sound source cannot be opened or read
    │   ├── SourceAbsent           a live source is not there, or in use; it may come
    │   ├── SourceLost             a live source went away; it may come back
    │   └── SourceDamaged          a source ended, and part of what it delivered was not sound
    ├── ModelError                 a model is unknown, missing, altered or not usable
    │   ├── ModelAbsent            it is a known one, and a file or a library of it is not here
    │   └── ModelUnreachable       its files cannot be fetched now; they may be fetched by hand
    ├── BackgroundError            a background is not known well enough to be saved, or cannot be read
    ├── OwnSoundError              a sound that was taught cannot be read or kept, or an example is no use
    ├── HistoryError               the history cannot be read or written
    ├── MomentsError               the memory of what was heard cannot be read, written or decrypted
    ├── ArchiveError           what `monitor scan` writes cannot be written, read, or is another scan's
    ├── PublishError               events cannot be published (port in use, address refused)
    │   └── NoAnswer               no monitor of this machine answers
    ├── FleetError                 the broker of many nodes cannot be reached, or a node did not do as asked
    ├── ProgramError               the program failed; exit code 1
    └── WireError                  a message is not one of ours; it never ends a subscriber

A message names the offending value, what is valid, and the next action.
"""

from __future__ import annotations


class MonitorError(Exception):
    """Root of all errors a user may see; `str(error)` is one clear sentence."""


class ConfigError(MonitorError):
    """A key, a value or a combination of flags that cannot work."""


class SourceError(MonitorError):
    """A sound source cannot be opened or read."""


class SourceAbsent(SourceError):
    """A live source is not there, or cannot be had at present; whoever wants it may try again."""


class SourceLost(SourceError):
    """A live source went away; whoever holds it may open it again."""


class SourceDamaged(SourceError):
    """A source ended, and part of it was not sound; what was sound has been analysed."""


class ModelError(MonitorError):
    """A model is unknown, missing, altered or not usable."""


class ModelAbsent(ModelError):
    """A known model of which a file, or a library that runs it, is not here; both can be had."""


class ModelUnreachable(ModelError):
    """A model's files cannot be fetched now; they may be fetched by hand."""


class BackgroundError(MonitorError):
    """A background is not known well enough to be saved, or cannot be stored or read."""


class OwnSoundError(MonitorError):
    """A sound that was taught cannot be read or kept, or what was to teach it is no use."""


class HistoryError(MonitorError):
    """The history of what was heard cannot be read or written."""


class MomentsError(MonitorError):
    """The memory of what was heard cannot be read, written or decrypted."""


class ArchiveError(MonitorError):
    """What a scan writes cannot be written or read, belongs to another scan, or needs what is not here."""


class PublishError(MonitorError):
    """Events cannot be published."""


class NoAnswer(PublishError):
    """No monitor of this machine answers: what it would do can be done in its files."""


class FleetError(MonitorError):
    """The broker of many nodes cannot be reached, or a node did not do as asked."""


class ProgramError(MonitorError):
    """The program failed, through no fault of the user."""


class WireError(MonitorError):
    """A message that is not one of ours."""
