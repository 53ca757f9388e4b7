"""What a model's words side knows of the words that were typed: told before anything is listened for.

Nothing here depends on the audio tower: whether a known sound is heard well, only measuring can tell.
"""
