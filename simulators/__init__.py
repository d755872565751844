"""Believable devices, a factory day, load and the demo."""
