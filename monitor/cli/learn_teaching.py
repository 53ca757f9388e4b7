"""`monitor learn NAME`: examples from a source, files or the history, checked, tried, kept and in use."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from monitor.cli.learn_before import Way, put_aside, refuse_unlike, said_of, way_with
from monitor.cli.learn_recording import ENOUGH, Screen, in_words, record
from monitor.cli.learn_request import told_to_monitor
from monitor.cli.word_report import make_judge
from monitor.config.settings import Config
from monitor.console import show, show_json, tell
from monitor.encoders import Encoder, load
from monitor.errors import ConfigError, OwnSoundError
from monitor.learning.candidates import Candidates, Considered
from monitor.learning.checks import SAME
from monitor.learning.examples import Example
from monitor.learning.history_examples import examples_of_events, takes_of_clips
from monitor.learning.listed import Listed, listed_with, read_class, tried_among
from monitor.learning.recorder import TakeRecorder
from monitor.learning.recordings import sound_files, takes_from_files
from monitor.learning.teaching import Taught, teach
from monitor.names import as_words
from monitor.progress import progress, steps
from monitor.records import OwnSound
from monitor.sources.opened import opened
from monitor.sources.options import SourceOptions
from monitor.sources.schemes import make_source
from monitor.storage import own_sounds
from monitor.storage.own_sound_file import MOST_EXAMPLES, ExampleNote, TaughtSound


class ExampleReport(msgspec.Struct, frozen=True):
    """One example, and what was found about it."""

    origin: str
    seconds: float
    snr_db: float | None
    taken: bool
    doubts: tuple[str, ...] = ()


class TeachReport(msgspec.Struct, frozen=True):
    """What came of teaching one class, as JSON."""

    name: str
    words: str
    model: str
    examples: tuple[ExampleReport, ...]
    kept: bool
    reason: str
    file: str | None = None
    audio: str | None = None
    found: int = 0
    """Of the examples, each left out once: those that the others find."""
    by_words: int = 0
    false_alarms_per_hour: float | None = None
    threshold: float = 0.5
    """Score from which on an example is found: that of a run without `--classes`."""
    monitor: str = ""
    """What the monitor that runs said to it."""


class Session:
    """One class that is being taught."""

    def __init__(self, arguments: argparse.Namespace, config: Config) -> None:
        self._arguments = arguments
        prompt = read_class(arguments.name, config)
        with steps() as say:
            say(f"loading the model {config.model.name}")
            self._encoder: Encoder = load(config.model)
            self._listed: Listed = listed_with(prompt, self._encoder, config)
        self._label = as_words(prompt.label or prompt.name)
        self._before = own_sounds.load(prompt.name, self._encoder.info.identity, self._encoder.dim)
        self._way: Way = "add" if self._before is None else way_with(self._before, self._label, arguments)
        kept = [] if self._before is None or self._way == "replace" else _examples_of(self._before)
        self._candidates = Candidates(self._listed, self._encoder, kept, arguments.force)
        self._reports: list[ExampleReport] = []

    def run(self) -> TeachReport:
        """Gather examples, and teach the class by them.

        Raises
        ------
        MonitorError
            There are none that are any use, it is worse than its words, or it cannot be kept.
        """
        self._say_before()
        self._say_unknown()
        self._gather()
        for example in self._candidates.review():
            self._report(example.note, taken=False, doubts=("unlike the others",))
            self._say(f"{example.note.origin}: left out, for it is unlike the others.")
        examples = self._candidates.examples
        self._refuse_numbers(len(examples))
        self._refuse_another_sound()
        with steps() as say:
            say(f"trying {self._label} on what was left out, on ordinary sound and on alarms made by code")
            tried = tried_among(self._listed, self._encoder)
            taught = teach(self._listed.prompt, examples, self._encoder, tried, datetime.now(UTC))
        return self._keep(taught, examples)

    def _gather(self) -> None:
        """Take in examples from where the command line says."""
        asked, config, rate = self._arguments, self._listed.config, self._encoder.sample_rate
        if asked.event:
            for example in examples_of_events(asked.event, self._encoder, config):
                self._note(self._candidates.consider(example))
        if asked.clip:
            for take in takes_of_clips(asked.clip, config, rate):
                self._note(self._candidates.consider_take(take))
        files = own_sounds.kept_audio(self._listed.prompt.name) if asked.again else sound_files(asked.files)
        if asked.again and not files:
            raise OwnSoundError(
                f"No sound of {self._label} was kept, so it cannot be taught again from it; teach it with "
                f"new examples: monitor learn {self._listed.prompt.name}"
            )
        if files:
            with progress("examples", len(files)) as advance:
                takes = takes_from_files(files, rate, MOST_EXAMPLES, advance)
            for take in takes:
                self._note(self._candidates.consider_take(take))
        if not (asked.event or asked.clip or files):
            self._record()

    def _record(self) -> None:
        """Record examples from a source."""
        config, rate = self._listed.config, self._encoder.sample_rate
        specs = self._arguments.sources or config.capture.sources
        if len(specs) > 1:
            raise ConfigError(f"Say which of {', '.join(specs)} is to hear it, with --mic X or --source S.")
        source = make_source(specs[0], SourceOptions(fast=True, capture=config.capture))
        screen = Screen(self._arguments.plain or self._arguments.json, self._say)
        with opened(source, config.capture, rate) as reading, screen.opened():
            recorder = TakeRecorder(reading, rate, source.name, screen.see, screen.say)
            sooner = record(recorder, screen, self._candidates, self._arguments.examples)
        enough = min(ENOUGH, self._arguments.examples)
        count = len(self._candidates.examples)
        if sooner and count < enough:
            raise OwnSoundError(f"{sooner} Nothing is kept: {count} of {enough} examples that are needed.")
        if sooner:
            self._say(f"{sooner} There are {count} examples, which is enough.")
        for example in self._candidates.examples:
            self._report(example.note, taken=True)

    def _note(self, considered: Considered) -> None:
        """Say what was found about one example."""
        note = considered.example.note
        doubts = tuple(one.sentence for one in considered.doubts)
        take = considered.example.take
        what = in_words(take) if take is not None else f"{len(considered.example.vectors)} windows remembered"
        grave = considered.grave
        cause = "; ".join(doubts) if considered.taken or grave is None else f"left out, {grave.sentence}"
        self._say(f"{note.origin}: {what}: {cause or 'good'}.")
        self._report(note, considered.taken, doubts)

    def _report(self, note: ExampleNote, taken: bool, doubts: Sequence[str] = ()) -> None:
        others = [one for one in self._reports if one.origin != note.origin or taken]
        self._reports = [
            *others,
            ExampleReport(note.origin, note.seconds, note.snr_db, taken, tuple(doubts) or note.remarks),
        ]

    def _refuse_numbers(self, count: int) -> None:
        if not self._candidates.news:
            raise OwnSoundError(
                f"No example of {self._label} is any use; nothing was changed. Do what stands above and try "
                "again, or add --force to take them all the same."
            )
        if count > MOST_EXAMPLES:
            raise OwnSoundError(
                f"{count} examples of {self._label} are too many; valid: 1 to {MOST_EXAMPLES}. Give fewer, "
                "or leave out --add."
            )
        if count < ENOUGH:
            tell(
                f"{count} example{' is' if count == 1 else 's are'} few: {ENOUGH} to {MOST_EXAMPLES} teach "
                f"better; add more with: monitor learn {self._listed.prompt.name} --add"
            )

    def _refuse_another_sound(self) -> None:
        """Refuse what is likely the wrong folder: most of it was left out, or is another taught sound."""
        if self._arguments.force:
            return
        nothing = "nothing was changed. Give examples of it alone, or add --force to take them all the same."
        heard = [one for one in self._reports if SAME not in one.doubts]
        left = sum(not one.taken for one in heard)
        if 2 * left > len(heard):
            raise OwnSoundError(
                f"{left} of {len(heard)} examples were left out, so this may be no {self._label}; {nothing}"
            )
        if self._before is not None and self._way == "replace" and not self._arguments.again:
            old, cohort = _examples_of(self._before), self._encoder.info.cohort
            refuse_unlike(old, self._candidates.examples, self._label, cohort)
        if other := self._candidates.another():
            raise OwnSoundError(f"Most of these are more like your {other} than like one another; {nothing}")

    def _keep(self, taught: Taught, examples: Sequence[Example]) -> TeachReport:
        """Keep what was taught, unless it is worse than before, and tell the monitor that runs."""
        asked, sound = self._arguments, taught.sound.sound
        quality = taught.sound.quality
        assert quality is not None  # noqa: S101 - it was tried
        if not taught.kept and not asked.force:
            raise OwnSoundError(
                f"{taught.reason} Nothing was changed. Give better examples, or add --force to keep it all "
                "the same."
            )
        back = "" if self._before is None else put_aside(self._before)
        path = own_sounds.save(taught.sound)
        if self._way == "replace" and back:
            self._say(back)
        audio = self._keep_audio(examples)
        return TeachReport(
            name=sound.name,
            words=sound.words,
            model=taught.sound.model,
            examples=tuple(self._reports),
            kept=True,
            reason=taught.reason.replace("Not kept:", "Kept only by --force:"),
            file=str(path),
            audio=None if audio is None else str(audio),
            found=quality.found,
            by_words=quality.by_words,
            false_alarms_per_hour=quality.false_alarms_per_hour,
            threshold=round(self._listed.thresholds[sound.name], 3),
            monitor=told_to_monitor(asked, sound.name, self._label),
        )

    def _keep_audio(self, examples: Sequence[Example]) -> Path | None:
        """Keep the sound where that is asked for; sound that is no longer that of the examples goes."""
        name, asked = self._listed.prompt.name, self._arguments
        takes = [one.take for one in examples if one.take is not None]
        if asked.again:
            return own_sounds.audio_folder(name)
        if asked.keep_audio and len(takes) < len(examples):
            tell(f"Of {len(examples) - len(takes)} examples there is no sound that could be kept.")
        if asked.keep_audio and takes:
            return own_sounds.keep_audio(name, [one.samples for one in takes], self._encoder.sample_rate)
        own_sounds.remove_audio(name)
        return None

    def _say_before(self) -> None:
        if self._before is not None:
            self._say(said_of(self._before, self._label, self._way))

    def _say_unknown(self) -> None:
        """Say where the model does not know the words, so that the examples have to do alone."""
        prompt = self._listed.prompt
        judge = make_judge(self._encoder, self._listed.config.model)
        if judge.is_listed(prompt.wording) or judge.judge([prompt.wording])[0].known is not False:
            return
        self._say(
            f"{prompt.wording!r} is no word for a sound that the model knows, so the examples have to do "
            'alone; say beside it what it sounds like if you can, as NAME="words": '
            f"monitor learn '{self._label}=\"doorbell chime\"'"
        )

    def _say(self, sentence: str) -> None:
        (tell if self._arguments.json else show)(sentence)


def teach_class(arguments: argparse.Namespace, config: Config) -> int:
    """Teach one class, and say what came of it."""
    report = Session(arguments, config).run()
    if arguments.json:
        show_json(msgspec.json.encode(report))
        return 0
    show(report.reason)
    show(f"It is told from a score of {report.threshold:.2f} on, as in `monitor run` without --classes.")
    audio = f", and the sound of the examples in {report.audio}" if report.audio else ""
    show(f"Kept in {report.file}{audio}.")
    show(report.monitor)
    return 0


def _examples_of(taught: TaughtSound) -> list[Example]:
    """Return the examples that a class was taught by, as far as they are kept."""
    sound: OwnSound = taught.sound
    return [
        Example(note, sound.vectors[sound.example_of == number])
        for number, note in enumerate(taught.examples)
    ]
