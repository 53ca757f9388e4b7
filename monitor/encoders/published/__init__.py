"""Published models whose weights the user has fetched: MS-CLAP, AudioCLIP and Wav2CLIP, run by torch.

Nothing is ever downloaded: `catalogue.py` says which files are looked for, where they are published and where
they belong. `engine.py` runs them; only there torch is imported.
"""
