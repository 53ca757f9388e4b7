"""Everything that comes in from outside, tried with what nobody meant to send."""
