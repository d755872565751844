"""Who may do what: users and sessions, station devices, gateway and program keys."""
