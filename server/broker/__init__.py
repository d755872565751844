"""The door through a message broker: what gateways say there goes the way of their requests over HTTP."""
