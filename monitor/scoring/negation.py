"""Wordings that ask for an absence, which no model can hear. Pure.

An embedding of "no siren" lies beside that of "siren": the class would fire at the very sound it denies.
"""

from __future__ import annotations

import re

_SPEAKING = ("say", "says", "said", "saying", "shouting", "yelling", "screaming", "crying")
_SPOKEN = "".join(rf"(?<!{verb}\s)" for verb in _SPEAKING)
"""Someone who says no is heard."""
_NEGATION = re.compile(
    rf"""
    (?: {_SPOKEN} \b (?: no | not | never ) \b (?! \s+ (?: no | not | never ) \b ) (?= \s+ \w )
      | \b (?: without | lacking | neither | nor ) \b
      | \b (?: absence | lack ) \s+ of \b
      | \b (?: no\s?one | nobody | nothing | none | cannot | can't | cant ) \b
      | \b \w+ n['’]t \b
      | \b non [-\s] (?! stop\b)
      | ^ \W* (?: \w+ \s+ )? (?: silence | silent | noiseless | soundless | inaudible | unheard ) \b
        (?! \s+ (?: alarm | film ) )
    )
    """,  # noqa: RUF001 - the apostrophe that keyboards of phones write
    re.IGNORECASE | re.VERBOSE,
)


def negation_in(wording: str) -> str:
    """Return the word or words of `wording` that ask for something not to be heard; empty: there are none."""
    found = _NEGATION.search(wording)
    return "" if found is None else found[0].strip()
