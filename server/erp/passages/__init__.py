"""What a passage through a gate should bring, against what it brought."""
