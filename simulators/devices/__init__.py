"""Devices that behave like the real ones: scanners, RFID readers, and the wires between them and their host."""
