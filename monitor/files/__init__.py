"""How this program reads and writes files: where they are, plain ones only, never through a link."""
