"""Live pages: who watches what, and the frames that reach them."""
