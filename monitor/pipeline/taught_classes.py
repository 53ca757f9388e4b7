"""Which classes of a run were taught, to the model that listens, and how a running one takes more."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.encoders import EncoderInfo
from monitor.errors import OwnSoundError
from monitor.names import class_id
from monitor.pipeline.scorers import Scorers
from monitor.records import ClassPrompt, OwnSound
from monitor.scoring.scorer import Scorer
from monitor.storage.own_sound_file import TaughtSound
from monitor.storage.own_sounds import kept_audio, load, taught_sounds


class TaughtClasses:
    """The own sounds of the classes of a run, read when it begins and whenever somebody teaches one."""

    def __init__(self, classes: Sequence[ClassPrompt], info: EncoderInfo, scorers: Scorers) -> None:
        self._classes = {one.name: one.label or one.name for one in classes}
        self._info = info
        self._scorers = scorers
        self._own: dict[str, OwnSound] = {}
        self.notes: tuple[str, ...] = ()
        """What to tell the user as the run begins, a sentence each."""
        self._read_all()

    def scorer(self) -> Scorer:
        """Return a scorer that knows them."""
        return self._scorers.make(self._own)

    def take(self, asked: str) -> Scorer:
        """Read what is taught of a class now, and return a scorer that knows it.

        Raises
        ------
        OwnSoundError
            The class is not listened for, or what is kept of it cannot be used.
        """
        name = asked if asked in self._classes else class_id(asked)
        if name not in self._classes:
            raise OwnSoundError(
                f"{asked!r} is not listened for; start the monitor again with it in --classes, or in "
                "[prompts] classes."
            )
        taught = load(name, self._info.identity, self._info.dim)
        if taught is None and any(one.sound.name == name for one in taught_sounds()[0]):
            raise OwnSoundError(another_model_note(name, self._classes[name]))
        others = {key: sound for key, sound in self._own.items() if key != name}
        self._own = others if taught is None else {**others, name: taught.sound}
        return self.scorer()

    def _read_all(self) -> None:
        told, wrong = [], []
        for name in self._classes:
            try:
                taught = load(name, self._info.identity, self._info.dim)
            except OwnSoundError as error:
                wrong.append(str(error))
                continue
            if taught is not None:
                self._own[name] = taught.sound
                told.append(f"{self._classes[name]} ({summary(taught)})")
        heard = (f"Taught here: {', '.join(told)}.",) if told else ()
        self.notes = (*heard, *wrong, *self._of_other_models())

    def _of_other_models(self) -> tuple[str, ...]:
        """Return a sentence for each class that was taught to another model only."""
        others = {one.sound.name for one in taught_sounds()[0]} & set(self._classes) - set(self._own)
        return tuple(another_model_note(name, self._classes[name]) for name in sorted(others))


def summary(taught: TaughtSound) -> str:
    """Return from how much a class was taught, and when: `5 examples, 2026-11-30`."""
    count = len(taught.examples)
    return f"{count} example{'' if count == 1 else 's'}, {taught.taught.astimezone():%Y-%m-%d}"


def another_model_note(name: str, label: str) -> str:
    """Return what to say of a class that was taught to another model."""
    again = (
        f"from its kept sound: monitor learn {name} --again" if kept_audio(name) else f"monitor learn {name}"
    )
    return f"{label} was taught to another model, so only its words count; teach it again, {again}."
