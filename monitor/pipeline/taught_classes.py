"""Which classes of a run were taught, to the model that listens, and how a running one takes more."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config.fleet import listed_classes
from monitor.config.settings import MAX_CLASSES, Config, PromptConfig
from monitor.encoders import EncoderInfo
from monitor.errors import OwnSoundError
from monitor.names import class_id, folded_words
from monitor.pipeline.scorers import Scorers
from monitor.records import ClassPrompt, OwnSound
from monitor.scoring.prompts import parse_classes
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
        heard = (f"Heard by the examples that you taught: {', '.join(told)}.",) if told else ()
        self.notes = (*heard, *wrong, *self._of_other_models())

    def _of_other_models(self) -> tuple[str, ...]:
        """Return a sentence for each class that was taught to another model only."""
        taught = taught_sounds()[0]
        others = {one.sound.name for one in taught} & set(self._classes) - set(self._own)
        return tuple(another_model_note(name, self._classes[name]) for name in sorted(others))


def listened_for(text: str | None, config: Config, taught: Sequence[TaughtSound]) -> list[ClassPrompt]:
    """Return the classes of a run; where nobody lists any, what was taught is heard beside the usual ones.

    Parameters
    ----------
    text
        As `--classes` lists them; None: the configuration's.

    Raises
    ------
    ConfigError
        As `parse_classes`.
    """
    listed = ",".join(listed_classes(config)) if text is None else text
    classes = parse_classes(listed, taught_aliases(taught, config))
    if text is not None or config.prompts.classes != PromptConfig().classes:
        return classes
    names = {one.name for one in classes}
    others = {one.sound.name: one for one in taught if one.sound.name not in names}
    beside = [ClassPrompt(one.sound.name, one.sound.words, one.label) for one in others.values()]
    return [*classes, *beside][:MAX_CLASSES]


def taught_aliases(taught: Sequence[TaughtSound], config: Config) -> dict[str, str]:
    """Return what stands for classes in words: the configuration's, and else as they were taught."""
    given = {folded_words(name) for name in config.prompts.aliases}
    words = {one.label: one.sound.words for one in taught if folded_words(one.label) not in given}
    return {**words, **config.prompts.aliases}


def unlistened_note(classes: Sequence[ClassPrompt], taught: Sequence[TaughtSound]) -> tuple[str, ...]:
    """Return a sentence where something was taught that the configuration does not list."""
    names = {one.name for one in classes}
    others = dict.fromkeys(one.label for one in taught if one.sound.name not in names)
    if not others:
        return ()
    return (f"Taught, and not listened for: {', '.join(others)}; add it to [prompts] classes.",)


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
