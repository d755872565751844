"""Traffic of real devices in a text file: recorded between device and gateway, and replayed onto either."""
