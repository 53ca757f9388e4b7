"""The papers that this project rests on: what they report, and how their trials are run here."""
