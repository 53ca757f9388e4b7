"""The web page: a program of its own that attaches to running monitors and shows them in browsers.

What monitors publish flows one way: `reader` (a thread for each monitor) -> `board` (pure) -> `clients` ->
`page/` in the browser. What the user wants flows back: `page/` -> `app` -> `asking` -> the monitor's control
socket. Like the terminal interface it knows the wire, not the monitor. What was heard earlier is asked of the
monitors too; only while none answers is the history read on this disk, so that it is never out of reach.
"""
