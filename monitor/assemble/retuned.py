"""A run that goes on with other classes and settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.assemble.running import Monitor
from monitor.assemble.stages import alarm_stages, stages_of
from monitor.config.fleet import Place
from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.pipeline.corrector import never_deaf
from monitor.pipeline.retuning import Tuning
from monitor.pipeline.rhythm_watch import make_rhythm_watch
from monitor.pipeline.scorers import Scorers
from monitor.pipeline.taught_classes import TaughtClasses
from monitor.records import ClassPrompt
from monitor.scoring.corrections import Corrections

Retune = Callable[[], None]
"""Lets a run go on with what was prepared; at once, between two windows."""


def retuned(
    monitor: Monitor,
    classes: Sequence[ClassPrompt],
    config: Config,
    now: Sequence[Place],
    before: Sequence[Place],
) -> Retune:
    """Prepare to go on with other classes and settings, for a thread of its own; return what does so at once.

    Parameters
    ----------
    classes, config
        Of the whole run.
    now, before
        The sources of the run with what is in force for each, as it is to be and as it was.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    """
    encoder, tuning = monitor.model, monitor.model.info.tuning
    tuned = with_tuning(config, tuning)
    taught = TaughtClasses(classes, encoder.info, Scorers(encoder, classes, tuned))
    scorer = taught.scorer()
    scorer.corrections = corrections = Corrections(tuple(scorer.prompts), never_deaf(classes, tuned))
    tunings = []
    for place, earlier in zip(now, before, strict=True):
        own = with_tuning(place.config, tuning)
        stages = stages_of(encoder, scorer, own, [one.name for one in place.classes])
        tunings.append(
            Tuning(
                scorer=scorer,
                detector=stages.detector,
                calibration=stages.calibration,
                rhythms=make_rhythm_watch(place.classes, encoder.sample_rate, own),
                labels={one.name: one.label or one.name for one in place.classes},
                unknown=frozenset(one.name for one in place.classes if one.unknown),
                muted=_remuted(place, earlier),
                rethought=frozenset(
                    one.name for one in place.classes if _own(one.name, place) != _own(one.name, earlier)
                ),
            )
        )

    hears_alarm = alarm_stages(encoder, tuned, len(classes))

    def go_on() -> None:
        monitor.scheduler.self_tests.hear_by(hears_alarm)
        monitor.scheduler.retune(tunings, taught, corrections)

    return go_on


def _remuted(now: Place, before: Place) -> dict[str, bool]:
    """Return the classes whose muting differs between two configurations, and how it is now."""
    muted = set(now.config.detector.muted)
    differs = muted ^ set(before.config.detector.muted)
    return {one.name: one.name in muted for one in now.classes if one.name in differs}


def _own(name: str, place: Place) -> float | None:
    own = place.config.detector.classes.get(name)
    return None if own is None else own.onset_threshold
