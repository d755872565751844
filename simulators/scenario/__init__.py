"""Scenarios: what befalls a set of devices, written down in YAML, with a seed and a clock of its own."""
