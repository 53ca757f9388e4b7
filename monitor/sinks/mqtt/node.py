"""Names on the broker: topics of one node, and the ids that Home Assistant knows it by. Pure."""

from __future__ import annotations

import msgspec

from monitor.names import slug

SET = "/set"
"""What the topic of a state is followed by where it is to be changed."""


class Node(msgspec.Struct, frozen=True):
    """A machine that listens, as the broker knows it; ids of sources and classes are safe already."""

    prefix: str
    name: str
    """As a person calls it."""
    discovery_prefix: str = ""
    """Empty: no discovery."""
    commands: bool = True
    """What is asked for on the broker is done."""
    version: str = ""
    """Of this program."""

    @property
    def base(self) -> str:
        """What every topic of this node begins with."""
        return f"{self.prefix}/{slug(self.name)}"

    @property
    def device_id(self) -> str:
        """What Home Assistant knows the node by; the same in every run."""
        return slug(f"{self.prefix}_{slug(self.name)}")

    @property
    def availability(self) -> str:
        """Whether the monitor is there."""
        return f"{self.base}/availability"

    @property
    def listening(self) -> str:
        """Whether it is armed."""
        return f"{self.base}/listening"

    @property
    def missed(self) -> str:
        """How many urgent events nobody has acknowledged."""
        return f"{self.base}/missed"

    @property
    def acknowledge(self) -> str:
        """Where something is acknowledged."""
        return f"{self.base}/acknowledge{SET}"

    @property
    def refused(self) -> str:
        """Where it is told what was asked for and not done."""
        return f"{self.base}/refused"

    @property
    def run(self) -> str:
        """Where each run says which one it is, so that two notice that they are called the same."""
        return f"{self.base}/run"

    @property
    def discovery(self) -> str:
        """Where Home Assistant finds the device."""
        return f"{self.discovery_prefix}/device/{self.device_id}/config"

    @property
    def home_assistant(self) -> str:
        """Where Home Assistant says that it is there."""
        return f"{self.discovery_prefix}/status"

    def of_source(self, source_id: str, what: str) -> str:
        """Return the topic of `what` of a source."""
        return f"{self.base}/{source_id}/{what}"

    def of_class(self, source_id: str, class_: str, what: str) -> str:
        """Return the topic of `what` of a class at a source."""
        return f"{self.base}/{source_id}/{class_}/{what}"

    def parts(self, topic: str) -> tuple[str, ...]:
        """Return what follows `base` in a topic of this node, part by part."""
        return tuple(topic.removeprefix(f"{self.base}/").split("/"))
