"""The shop floor: stations, their read points, and what each station holds in its head."""
