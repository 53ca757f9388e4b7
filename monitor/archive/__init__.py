"""Archives of recordings: heard as a live monitor would, kept as tables, and searched by new words."""
