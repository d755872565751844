"""Pages for people: complete without JavaScript, then live. Templates, words, and the fragments of the live stream."""
