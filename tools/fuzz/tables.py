"""Tables and lists of text: indexes of data sets, captions."""

from __future__ import annotations

from monitor.corpus.layouts import read_data
from monitor.errors import ConfigError
from monitor.learning.captions import read_captions
from tools.fuzz.target import Target, as_file, only, put, workplace

_TABLES = (
    "index.csv", "meta/esc50.csv", "metadata/UrbanSound8K.csv", "FSD50K.ground_truth/dev.csv", "meta.csv",
    "meta.txt",
)  # fmt: skip


def index(data: bytes) -> None:
    """Read a table of clips, in each of the ways in which they are laid out."""
    for number, name in enumerate(_TABLES):
        folder = workplace() / f"corpus{number}"
        put(folder / name, data)
        with only(ConfigError):
            corpus = read_data(folder)
            _ = corpus.folds, corpus.usual_folds
            for clip in corpus.clips:
                corpus.find(clip.path)


def captions(data: bytes) -> None:
    """Read captions."""
    with only(ConfigError):
        found = read_captions(as_file(data, "captions.txt"))
        read_captions(as_file("\n".join(found).encode(), "again.txt"))


def _indexes() -> list[bytes]:
    own = b"path,canonical,kind,fold5,group,duration_s,rms_db,source\na.wav,siren,event,1,a,2.5,-20,x\n"
    esc = b"filename,fold,category,src_file\n1.wav,1,dog,7\n"
    urban = b"slice_file_name,fsID,start,end,fold,class\n1.wav,7,0,1e9,3,siren\n"
    fsd = b'fname,labels,split\n1,"a,b",train\n'
    return [own, esc, urban, fsd, b"filename\tscene_label\tidentifier\na\tb\tc\n", b"a.wav\tpark\n", b'"\0']


TARGETS = (
    Target(name="data-index", check=index, seeds=_indexes),
    Target(name="captions", check=captions, seeds=lambda: [b"a siren\nrain\n", b"\xff", b"\n"]),
)
