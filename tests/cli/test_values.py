from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

import pytest

from monitor.cli import values
from monitor.config.limits import HOP_S

Read = Callable[[str], Any]


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (values.positive, "2.5", 2.5),
        (values.per_hour, "12/day", 0.5),
        (values.per_hour, "1 / d", 1 / 24),
        (values.numbers, "10,0,10", (10.0, 0.0)),
        (values.numbers, "0:1:.5", (0.0, 0.5, 1.0)),
        (values.snrs, "clean,-5:5:5", (math.inf, -5.0, 0.0, 5.0)),
        (values.whole, "4,6", (4, 6)),
        (values.fold_sets, "1+2,3", ((1, 2), (3,))),
        (values.count, "3", 3),
        (values.count_up_to(8), "8", 8),
        (values.within(HOP_S), "0.25", 0.25),
        (values.amount, "0", 0.0),
        (values.share, ".01", 0.01),
    ],
)
def test_a_value_is_read_as_a_user_writes_it(read: Read, text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (values.positive, "0", "'0' is no number above 0"),
        (values.positive, "1e9", "up to a billion"),
        (values.positive, "nan", "no number above 0"),
        (values.per_hour, "3/fortnight", "write 0.5/h, 12/day or 1/week"),
        (values.per_hour, "0", "valid: 0.001 to 60 an hour"),
        (values.number, "inf", "is not a number"),
        (values.numbers, "0:1:0", "is not a range of at most 200 steps"),
        (values.numbers, "0:1000:1", "is not a range of at most 200 steps"),
        (values.whole, "4,a", "no list of whole numbers"),
        (values.fold_sets, "1+", "no list of whole numbers"),
        (values.count, "0", "not a whole number above 0"),
        (values.count_up_to(8), "9", "'9' is out of range; valid: 1 to 8"),
        (values.within(HOP_S), "0.001", "'0.001' is out of range; valid: 0.01 to 10"),
        (values.within(HOP_S), "nan", "'nan' is not a number"),
        (values.amount, "-1", "'-1' is below 0"),
        (values.share, "1", "is not a share such as 0.01"),
    ],
)
def test_what_is_none_is_refused_with_what_is_valid(read: Read, text: str, says: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=says):
        read(text)
