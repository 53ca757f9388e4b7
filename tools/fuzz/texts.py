"""Texts that somebody else may have chosen: they steer a terminal, are not seen, or end a quotation."""

from __future__ import annotations

STEERING = {
    "CSI colour": "\x1b[31mred",
    "CSI of one character": "\x9b2J",
    "title": "\x1b]0;owned\x07",
    "link (OSC 8)": "\x1b]8;;http://evil.example\x1b\\siren\x1b]8;;\x1b\\",
    "clipboard (OSC 52)": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "device control (DCS)": "\x1bP+q544e\x1b\\",
    "reset": "\x1bc",
    "bell and backspace": "a\x07\x08\x08b",
    "lines": "fire\r\nmonitor: all is well\n",
    "line separators": "a\u2028b\u2029c\x85d\x0b\x0c",
    "direction": "siren\u202egnp.exe\u2066\u2069\u200f",
    "nobody sees it": "si\u200bre\u2060n\ufeff\u00ad\u2063",
    "fillers": "\u3164\u115f\u1160\uffa0",
    "tags": "a\U000e0041\U000e0042\U000e007f",
    "variation selectors": "a\ufe0f\U000e0101\u180b",
    "marks on marks": "Z" + "\u0301\u0489" * 200,
    "private and unassigned": "\ue000\U000f0000\U0003ffff",
    "NUL": "a\0b",
    "half of a character": "a\ud800b\udfff",
    "undecodable bytes": "caf\udce9",
}
"""What it is -> a text that holds it. Nothing of it may reach a terminal."""

BREAKING = {
    "markup of HTML": "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "markup of rich": "[bold red]x[/bold red] [link=http://evil.example]y[/link]",
    "quotation marks": "a\"b'c`d\\",
    "formats": "%s %n {0} {} ${HOME} $(id) `id`",
    "path": "../../../../etc/passwd",
    "topic": "#/+/$SYS/",
    "very long": "long" * 20_000,
    "wide": "鐘" * 3000,
    "empty": "",
    "blank": " \t ",
    "number": "1e999",
}
"""What ends a quotation, leads elsewhere, or is too much."""

ALL = (*STEERING.values(), *BREAKING.values())
