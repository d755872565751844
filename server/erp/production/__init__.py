"""Work orders, their operations, and the tracked units that move through them."""
