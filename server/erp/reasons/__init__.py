"""Reason codes: why something is scrapped, worked on again or held."""
