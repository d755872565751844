"""The vocabulary that gateway and server share; it imports the standard library alone."""
