"""The program at the edge: reads devices, keeps every event on disk, delivers it to the server."""
