"""Waiting for a device and for our own people at once, without waking up in vain."""

import os
import select
import weakref


class Waker:
    """A pipe that ends a wait early; wake() may come from any thread."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # What is waited for is mostly the same as before, and telling the kernel anew costs as much as the wait.
        self._poll = select.poll()
        self._asked: tuple[int, bool] | None = None
        # The pipe lives exactly as long as the waker, so that a late wake() never meets a closed descriptor.
        weakref.finalize(self, _close_both, self._read_end, self._write_end)

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        try:
            os.write(self._write_end, b"\0")
        except BlockingIOError:
            # The pipe is full of wakes already; one is enough.
            return

    def wait(self, descriptor: int, seconds: float, *, writable: bool = False) -> bool:
        """Block until the descriptor has something (or can take something), a wake, or the time is up.

        True where the descriptor is the reason; a hang-up counts as something to read.
        """
        if self._asked != (descriptor, writable):
            self._poll, self._asked = select.poll(), (descriptor, writable)
            self._poll.register(descriptor, select.POLLIN | (select.POLLOUT if writable else 0))
            self._poll.register(self._read_end, select.POLLIN)
        # Rounded up: a wait that ends a moment early would turn into a busy loop until the time is up.
        ready = dict(self._poll.poll(max(0, int(seconds * 1000) + 1)))
        if self._read_end in ready:
            os.read(self._read_end, 4096)
        return descriptor in ready

    def rest(self, seconds: float) -> None:
        """Block until a wake, or until the time is up."""
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        if poll.poll(max(0, int(seconds * 1000) + 1)):
            os.read(self._read_end, 4096)


def _close_both(read_end: int, write_end: int) -> None:
    os.close(read_end)
    os.close(write_end)
