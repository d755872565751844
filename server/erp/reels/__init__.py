"""Reels of codes that were printed or encoded before anybody knew which units they would name."""
