"""What the background of one source sounds like, as a record for whoever asks."""

from __future__ import annotations

from monitor.bus.messages import BackgroundProfile, ClassInBackground
from monitor.pipeline.reporter import Reporter, Stream
from monitor.pipeline.stages import Stages

_PHRASES = 12


def background_profile(stages: Stages, stream: Stream, report: Reporter, stop: int) -> BackgroundProfile:
    """Return what the background sounds like at stream index `stop`."""
    background, scorer = stages.background, stages.scorer
    mean, state = background.mean, background.state(stop)
    of_all = dict(zip(scorer.prompts, scorer.class_cosines(mean).tolist(), strict=True))
    cosines = [(name, of_all[name]) for name in stages.detector.rules]
    return BackgroundProfile(
        source_id=stream.source_id,
        source_name=stream.source_name,
        model=stream.model,
        state=state,
        mean=mean.tolist() if state.windows else [],
        sounds_like=scorer.sounds_like(mean, _PHRASES),
        classes=[ClassInBackground(name, cosine, report.label(name)) for name, cosine in cosines],
    )
