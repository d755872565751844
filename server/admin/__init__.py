"""The doors of people, keys, screens and gateways under /api/v1."""
