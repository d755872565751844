"""The way to the server: events in order, one request in flight, and a heartbeat beside them."""
