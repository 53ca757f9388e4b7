"""Mixtures and streams made of recordings, reproducible from their plans."""
