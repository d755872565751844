"""The pages, one router a module; `server.app` includes each `router`."""
