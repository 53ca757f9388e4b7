"""Write the student as a model folder, so that `monitor` can run it beside the model in the box.

    python tools/export_student.py --work DIR --out DIR
    MONITOR_MODELS=DIR monitor eval clips --model student,embedded ...

The point of a sound is the sum of the AudioSet names. How much each weighs is learnt from the labels of the
training clips (tools/student/naming.py); with `--untaught` it is the student's logit for it less its mean,
and no label is used. The text side and the names' points are those of the box.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
from pathlib import Path

import torch
from graphs import digest, open_session, replace_entry
from student.graph import StudentGraph, export
from student.naming import LABEL_WEIGHT, WINDOW_LEN, Evidence, Examples, kept_notes, take_notes, teach
from student.network import Student
from student.sources import RATE, load_sound
from teacher import Teacher

from monitor import load_encoder
from monitor.export.evidence import names_of

ENTRY = """[models.{name}]
audio = {{ file = "{name}/audio.onnx", sha256 = "{audio}" }}
text = {{ file = "{name}/text.onnx", sha256 = "{text}" }}
tokenizer = {{ file = "{name}/tokenizer.json", sha256 = "{tokenizer}" }}
sample_rate = {rate}
window_len = {window_len}
dim = {dim}
prompt = "the sound of a {{}}"
max_tokens = 48
licence = "CC-BY-NC-4.0"
source = "tools/train_student.py, distilled feature by feature from EfficientAT mn04_as (MIT)"
"""


def load_student(work: Path) -> Student:
    """Load the average of the weights that `train_student.py` stored."""
    student = Student()
    student.load_state_dict(torch.load(work / "student.pt", weights_only=True)["average"])
    return student.eval()


def place_of(student: Student, args: argparse.Namespace) -> Evidence:
    """Learn from labels how much each AudioSet name weighs or, with `--untaught`, only each name's mean."""
    names, front = names_of((args.box / "audio.onnx").read_bytes()), Teacher(args.teacher)
    examples = Examples(load_sound(args.data, args.work), args.seed)
    weights = hashlib.sha256(b"".join(one.numpy().tobytes() for one in student.state_dict().values()))
    notes = kept_notes(
        args.work / "notes.pt",
        f"{weights.hexdigest()} {args.seed} {args.notes}",
        lambda: take_notes(lambda audio: student(front.front(audio)), examples, args.notes),
    )
    if args.untaught:
        return Evidence(names, notes.logits.mean(0))
    embed = load_encoder("embedded").embed_text
    return teach(notes.without(args.leave_out), names, embed, args.seed, args.label_weight)


def check(path: Path, graph: StudentGraph) -> None:
    """Compare the file with torch."""
    audio = torch.randn(4, WINDOW_LEN, generator=torch.Generator().manual_seed(1)) * 0.1
    with torch.inference_mode():
        wanted = graph(audio).numpy()
    found = open_session(path).run(None, {"audio": audio.numpy()})[0]
    cosine = float((found * wanted).sum(axis=1).min())
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, least cosine to torch {cosine:.5f}")
    if cosine < 0.999:
        raise SystemExit(f"{path} differs from torch: least cosine {cosine:.5f}, legal >= 0.999")


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv")
    parser.add_argument(
        "--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder of train_student.py")
    parser.add_argument("--box", type=Path, default=Path("models/embedded"), help="the box's model folder")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to, outside the project")
    parser.add_argument("--name", default="student", help="name of the model")
    parser.add_argument("--notes", type=int, default=30_000, help="labelled examples to hear, once a student")
    parser.add_argument("--untaught", action="store_true", help="use no label")
    parser.add_argument(
        "--label-weight", type=float, default=LABEL_WEIGHT, help="of what labels teach; 0 is --untaught"
    )
    parser.add_argument("--leave-out", nargs="*", default=[], help="class words whose labels are not used")
    parser.add_argument("--seed", type=int, default=7, help="of the examples")
    args = parser.parse_args()
    torch.set_num_threads(1)
    folder: Path = args.out / args.name
    folder.mkdir(parents=True, exist_ok=True)
    student = load_student(args.work)
    place = place_of(student, args)
    graph = StudentGraph(student, place).eval()
    export(graph, folder / "audio.onnx", WINDOW_LEN)
    check(folder / "audio.onnx", graph)
    for file in ("text.onnx", "tokenizer.json"):
        shutil.copyfile(args.box / file, folder / file)
    entry = ENTRY.format(
        name=args.name,
        audio=digest(folder / "audio.onnx"),
        text=digest(folder / "text.onnx"),
        tokenizer=digest(folder / "tokenizer.json"),
        rate=RATE,
        window_len=WINDOW_LEN,
        dim=place.names.shape[1],
    )
    replace_entry(args.out / "manifest.toml", args.name, entry)


if __name__ == "__main__":
    main()
