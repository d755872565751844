"""Goods out of stock for lines of orders: reserved at confirmation, picked at release, freed by cancellation."""
