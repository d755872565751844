"""Label printers and what waits for them: queued, printing, done, failed, or not known."""
