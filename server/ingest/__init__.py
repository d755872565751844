"""The doors for events: remember each once, judge it in the world it names, save the difference in one commit."""
