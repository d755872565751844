"""Facing out: order status for sales and for each customer his own."""
