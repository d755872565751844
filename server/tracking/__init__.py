"""The rules of the shop floor: what a read means, and what it changes. Pure: no I/O, no clock, no database."""
