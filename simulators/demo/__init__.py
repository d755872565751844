"""The demo: a whole factory on one machine, started by one command and gone with Ctrl+C."""
