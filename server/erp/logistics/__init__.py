"""Packing into handling units and shipping them."""
