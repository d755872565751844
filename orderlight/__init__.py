"""The vocabulary that gateway and server share; it imports the standard library alone."""

#: As pyproject.toml has it: what is installed tells it too, but to ask takes a gateway a megabyte of memory.
__version__ = "0.1.0"
