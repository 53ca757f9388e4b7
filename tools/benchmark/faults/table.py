"""The table: each fault, how it is brought about, what must be told within how long, and what may be lost."""

from __future__ import annotations

from msgspec.structs import replace

from tools.benchmark.faults.listener_worlds import Interface, Subscribers
from tools.benchmark.faults.microphone_worlds import Microphones
from tools.benchmark.faults.records import Fault, is_well
from tools.benchmark.faults.switched_worlds import Disk, Driver, ReadOnlyDisk, Switched

GAP, SKIPPED, RECORDS = frozenset({"gap_s"}), frozenset({"skipped_s"}), frozenset({"undelivered"})
_BACK = "back: .* is heard again"


def _switched(name: str, world: str, fault: str, seen: str, back: str = _BACK) -> Fault:
    """Return a fault of a driver, an encoder or a clock, each stood in for by a program that obeys a file."""
    how = {
        "driver": f"a driver stood in for: {fault}",
        "encoder": f"the encoder's call: {fault}",
        "clock": f"an injected clock: {fault}",
    }

    def begin(one: Switched) -> None:
        one.switch.set(fault)

    def end(one: Switched) -> None:
        one.switch.set("")

    return Fault(name, how[world], world, begin, end, seen, back)


_MICROPHONE = (
    Fault(
        "microphone unplugged, another there",
        "PulseAudio: its module unloaded, the stream is moved to the other one",
        "microphone",
        lambda world: world.server.unplug("attic"),
        Microphones.plug,
        "LOST: attic, .*cellar.* in the place of attic",
        "back: attic is heard again",
        GAP,
    ),
    Fault(
        "microphone renumbered",
        "PulseAudio: unplugged, and plugged in again with another one listed before it",
        "microphone",
        lambda world: world.server.unplug("attic"),
        Microphones.plug_renumbered,
        "LOST: attic",
        "back: attic is heard again",
        GAP,
    ),
    Fault(
        "microphone absent at the start",
        "PulseAudio: not there as the monitor starts; plugged in later; it was calibrated before",
        "absent microphone",
        lambda _: None,
        Microphones.plug,
        "LOST: attic, .*It is waited for",
        "back: attic is heard again",
        GAP,
        at_start=True,
        well=lambda health: is_well(health) and health.level_dba is not None,
    ),
    Fault(
        "another microphone in the place of the default",
        "PulseAudio: the default unplugged; the server puts the other one in its place",
        "default",
        lambda world: world.server.unplug("attic"),
        Microphones.plug,
        "WARNING: The microphone .*attic went away, .*cellar in its place",
        "no longer: The microphone .*attic went away",
        GAP,
    ),
    Fault(
        "muted",
        "PulseAudio: the source muted",
        "microphone",
        lambda world: world.server.mute("attic"),
        lambda world: world.server.mute("attic", False),
        "SILENT: attic, .*muted in the sound server",
        _BACK,
    ),
    Fault(
        "gain at zero",
        "PulseAudio: the source's volume 0 %",
        "microphone",
        lambda world: world.server.set_gain("attic", 0),
        lambda world: world.server.set_gain("attic", 100),
        "SILENT: attic, .*gain.*at zero in the sound server",
        _BACK,
    ),
    Fault(
        "stalled by the server",
        "PulseAudio: the sink suspended, it delivers nothing",
        "microphone",
        lambda world: world.server.stall("attic"),
        lambda world: world.server.stall("attic", False),
        "LOST: attic, .*delivers no sound",
        _BACK,
        GAP,
    ),
    Fault(
        "capture process killed",
        "SIGKILL to the process that hears the microphone",
        "microphone",
        Microphones.kill_capture,
        lambda _: None,
        "LOST: attic, The capture process ended",
        _BACK,
        GAP,
        lasts_s=0.0,
    ),
    Fault(
        "sound server gone",
        "PulseAudio killed, and started again",
        "microphone",
        Microphones.kill_server,
        Microphones.start_server,
        "LOST: attic",
        _BACK,
        GAP,
    ),
)
_DRIVER = (
    _switched("unplugged, no other there", "driver", "gone", "LOST: Fake Mic, .*went away"),
    _switched("driver stalled", "driver", "stalls", "LOST: Fake Mic, .*delivers no sound"),
    _switched("no sound, no server to ask", "driver", "silent", "SILENT: Fake Mic, no sound arrives"),
    _switched("wrong rate", "driver", "slow clock", r"WARNING: .*0\.\d\d times the sound of", "no longer: "),
    _switched("clipping", "driver", "clips", "OVERLOADED: .*clipped", "back: Fake Mic is heard well again"),
    _switched("NaN", "driver", "nan", "WARNING: .*not numbers", "no longer: "),
    _switched("driver overflows", "driver", "overflows", "OVERFLOW: the driver lost sound", ""),
    _switched("clock 500 ppm fast", "driver", "ppm 500", "", ""),
    _switched("clock 500 ppm slow", "driver", "ppm -500", "", ""),
    Fault(
        "CPU starved",
        "the monitor stopped (SIGSTOP) but for 20 ms of a processor each second",
        "driver",
        Driver.starve,
        Driver.feed,
        "LATE: the program does not keep up|FAILING: .*too slow",
        "back: Fake Mic is heard",
        SKIPPED,
        within_s=15.0,
    ),
    Fault(
        "monitor stopped for 6 s",
        "SIGSTOP to the monitor, not to its microphone",
        "driver",
        Driver.stop_for_a_while,
        lambda _: None,
        "LATE: the program does not keep up",
        "back: Fake Mic is heard well again",
        SKIPPED,
        within_s=11.0,
    ),
)
_ENCODER = (
    _switched("encoder slow", "encoder", "slow", "LATE|FAILING", "back: Fake Mic is heard"),
    _switched("encoder failing", "encoder", "fails", "FAILING: Fake Mic, the encoder failed .*out of memory"),
    _switched("encoder gives NaN", "encoder", "no numbers", "FAILING: Fake Mic, .*not numbers"),
    _switched("encoder gone", "encoder", "hangs", "FAILING: Fake Mic, the encoder does not answer"),
)
_CLOCK = (
    _switched("clock set back", "clock", "utc -3600", "clock was set|set back", ""),
    _switched("sleep and wake", "clock", "utc+slept 3600", "slept|asleep", ""),
)
_AROUND = (
    Fault(
        "disk full",
        "a tmpfs of 1 MB filled under log and history",
        "disk",
        Disk.fill,
        Disk.empty,
        "The (log|history) .*cannot be written: .*(No space left|full)",
        "is written again",
        RECORDS,
    ),
    Fault(
        "disk read-only",
        "a tmpfs under the history, mounted read-only before the monitor starts",
        "read-only disk",
        lambda _: None,
        ReadOnlyDisk.writable,
        "history .*cannot be written: .*[Rr]ead-only",
        "history .*is written again",
        RECORDS,
        at_start=True,
    ),
    Fault(
        "broker gone",
        "mosquitto killed, and started again",
        "broker",
        lambda world: world.broker.kill(),
        lambda world: world.broker.start(),
        "cannot be reached",
        "is connected",
        back_within_s=40.0,
    ),
    Fault(
        "interface killed",
        "SIGKILL to the process that draws",
        "interface",
        Interface.kill_interface,
        lambda _: None,
        "The terminal interface was ended by SIGKILL. The monitor goes on with lines",
        "listening to",
        lasts_s=0.0,
    ),
    Fault(
        "subscriber stopped",
        "SIGSTOP to `monitor listen`",
        "subscribers",
        Subscribers.stop_listener,
        Subscribers.wake_listener,
        "",
        "",
    ),
    Fault(
        "subscriber hostile",
        "random bytes, an HTTP form and a broken greeting to the door of events",
        "subscribers",
        Subscribers.attack,
        lambda _: None,
        "",
        "",
    ),
)
_LOSES = {
    "unplugged, no other there": GAP,
    "driver stalled": GAP,
    "wrong rate": frozenset[str](),
    "NaN": frozenset({"invalid"}),
    "driver overflows": frozenset({"overflow", "gap_s"}),
    "encoder slow": SKIPPED,
    "encoder failing": SKIPPED,
    "encoder gives NaN": SKIPPED,
    "encoder gone": SKIPPED,
}
FAULTS: tuple[Fault, ...] = tuple(
    replace(one, may_lose=_LOSES.get(one.name, one.may_lose))
    for one in (*_MICROPHONE, *_DRIVER, *_ENCODER, *_CLOCK, *_AROUND)
)
"""All of them; names differ."""
