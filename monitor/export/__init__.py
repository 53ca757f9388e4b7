"""Published CLAP and tagger checkpoints into model folders that `monitor` runs: `monitor models export`.

Needs the extra `export` (torch, transformers, onnx); nothing here is imported while the monitor runs.
`checkpoints` reads, `towers` and `front_end` build the networks, `graphs` writes them as ONNX, `parity`
compares what was written with the source, and `command` does all of it. Of taggers `tagger` reads,
`mobilenet` and `kaldi_mel` build, `evidence` lays over names, and `tagger_model` writes.
"""

from monitor.privacy import keep_private

keep_private()  # before any of them is imported
