"""Habits that all collections share: strict fields, pages of a list, row versions, retried requests, numbers."""
