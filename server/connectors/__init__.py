"""Other programs: the feed of facts they read."""
