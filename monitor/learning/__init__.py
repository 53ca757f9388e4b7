"""What a user and a place teach: examples, corrections, adaptation, and whether it is no worse for them."""
