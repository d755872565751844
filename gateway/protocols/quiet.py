"""What a machine does that has nothing to tell its device about reads."""

from gateway.protocols.reads import Read


class QuietMachine:
    """Tags that stay are read again, so these devices wait for no answer; they have neither beeper nor light."""

    __slots__ = ()

    def acknowledge(self, read: Read) -> None:
        """Nothing."""

    def refuse(self, read: Read) -> None:
        """Nothing."""

    def feedback(self, signal: str) -> None:
        """Nothing."""
