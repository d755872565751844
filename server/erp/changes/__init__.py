"""Changes after release: asked for, approved, and seen at the stations that they concern."""
