"""Quotes: versions, negotiation, acceptance, and the order that comes of it."""
