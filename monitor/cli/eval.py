"""The `eval` verb, in kinds."""

from __future__ import annotations

from typing import Any

from monitor.cli.arguments import AddVerb
from monitor.cli.eval_clips import add_clips, add_noise
from monitor.cli.eval_own import add_own
from monitor.cli.eval_paper import add_paper
from monitor.cli.eval_streams import add_streams


def add_eval(verbs: Any, add_verb: AddVerb) -> None:
    """Add `eval` and its kinds to the verbs of the program."""
    parser = verbs.add_parser("eval", help="measure models and the monitor on real sound", allow_abbrev=False)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    add_clips(kinds, add_verb)
    add_noise(kinds, add_verb)
    add_paper(kinds, add_verb)
    add_streams(kinds, add_verb)
    add_own(kinds, add_verb)
