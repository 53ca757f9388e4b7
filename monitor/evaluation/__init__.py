"""How well the monitor hears: streams with known sounds, and what it made of them."""
