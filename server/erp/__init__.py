"""Facing in: stations and read points, sales orders, work orders, units, packing and shipping."""
