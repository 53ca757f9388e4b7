"""The words of the model card; `model_card.py` fills in the figures."""

CARD = """# The model in the box

Two small towers with one joint space: `audio.onnx` turns {window_s:g} s of sound into a point,
`text.onnx` turns words into a point, and near means "sounds like what the words say". They start
offline, on one CPU thread. They take any English words, but answer well only for kinds of sound that
the audio teacher knows: read the results.

{facts}

- `audio.onnx`: input `input_features` float32 (n, 1, {frames}, 128), the log-mel spectrogram of {window_len}
  samples at {khz:g} kHz, full scale +-1.0; output `embedding` float32 (n, {dim}), unit norm. The spectrogram,
  in Kaldi's mel bands as the audio teacher has them, is drawn by `monitor/encoders/kaldi_mel.py`, which
  says what it is; what two windows of a stream share is drawn once. A stem and fifteen inverted-residual
  blocks say what the teacher would say of the sound (527 AudioSet classes); the point is the sum of the
  class names' embeddings, weighted by that and by what the labels have taught.
- `text.onnx`: inputs `input_ids`, `attention_mask` int64 (n, t), t <= {max_tokens}; output `embedding`
  as above. A two-layer transformer on word pieces (`tokenizer.json`). Padding does not change the
  result.
- `cohort.npz`: ordinary sound as this network hears it:
  {cohort}.
  It gives scores their meaning: thresholds are false alarms an hour (`monitor models cohort`). Folds 1
  to 3, embeddings only, no audio.
- `measured.toml`: what `monitor words` tells of words that were measured.
- Prompt, chosen on validation: `{prompt}`. Large weights are stored as float16, all are computed in
  float32.
- int8 by ONNX Runtime was tried and is not shipped: it costs accuracy or gains no time (docs/eval).

## Where it comes from

**The audio network is distilled from EfficientAT mn04_as** (F. Schmid, MIT licence; trained on
AudioSet), feature by feature: each of its blocks learnt to make the teacher's next map from the one
before. It starts at random, and no tensor of the teacher is in it, but its layout is the teacher's.
**YAMNet** (Google, Apache-2.0; trained on AudioSet) is a third of what it learnt to say at last: the mean of
both hears more than either. What it knows is what these two know. The text tower is distilled from
all-MiniLM-L6-v2 (Apache-2.0). No teacher is shipped.

## Licence

**The weights are for non-commercial use: CC BY-NC 4.0.** They were trained partly on audio under CC
BY-NC (ESC-50, UrbanSound8K) and on other recordings listed below. The code that made them is under the
project's own licence.

## What it is bad at

{faults}
- Negation ("no dog barking") is not understood; word order matters a little.
- It is not a life-safety device and must not replace a listed alarm.

## Results

On folds that nothing was trained or tuned on, by `tools/train/evaluate_embedded.py` (`monitor eval clips`);
an event is its clip's loudest window, the prompt is `{prompt}`. `teacher` is EfficientAT mn04_as placed
among the names and words of the box (`monitor models export`), its evidence less what is typical of
each class; no label of this data taught it. Streams, with thresholds fixed beforehand:
`docs/eval/streams`.

{results}

### Words

{words}

![share of the teacher's hidden layer explained against training time](curve.png)
![top-1 of held-out recordings, without labels, while it learns from both teachers](both.png)

## How it was made

`python -m tools.train.train_embedded --work DIR --minilm DIR` makes everything here, and goes on where it was
stopped.

Text: phrases from WordNet 3.0 (Princeton; words and definitions), the AudioSet ontology's names and
descriptions (Google, CC BY-SA 4.0), the class words of the training clips, and compositions of them
(`tools/train/phrases.py`). The teacher's embeddings are whitened on the 527 AudioSet names (ridge 0.3) and
cut to {dim} dimensions. Phrases that name a thing learn the sound it makes as well
(`tools/train/sound_knowledge.toml`, our own table), and so do their neighbours.

Audio: folds 1-3, less the sources and recordings held out to choose by (`tools/train/student/sources.py`),
mixed with one another in endless variation, and sounds made by code (`tools/train/student/scenes.py`,
`made.py`). First each block learns alone, from the teacher's map before it; then all of them in a
chain; then, with a longer view for the teacher, the student hears half of the scenes in a background and the
teacher does not; then so with both teachers, from scenes that are kept and lie in other noise each time
(`both.py`, `pool.py`). Half of these are one labelled sound each (`labelled.py`), and a classifier that is
thrown away must find its class in the hidden layer. How much each name weighs is learnt last, on the finished
network, from the labels of training clips, within a bound and only of names near a word with a label
(`tools/train/student/naming.py`){made}.

{history}

If the working folder is lost, `tools/train/train_student.py --from audio.onnx` goes on from the shipped
graph: its weights keep their names, and scales follow from sound. Only the optimiser begins again.

{sources}
"""

MADE = """, and from alarms, sirens, beeps, tones and rings made by code
(`tools/train/student/signals.py`, `sirens.py`)"""
"""What is said besides, if sounds made by code taught names as well."""
