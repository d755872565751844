"""How a signal tells the main thread that it is time to go."""

import os
import select
import signal
import weakref


class Bell:
    """ring() may be called by any thread and by a signal handler, also while its own thread is inside wait().

    A threading.Event will not do: Python runs the handler in the main thread, and where that thread is just inside
    Event.wait(), the handler's set() waits for a lock that its own thread holds, for ever. A pipe has no lock.
    """

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # The pipe lives exactly as long as the bell, so that a late ring() never meets a closed descriptor.
        weakref.finalize(self, _close_both, self._read_end, self._write_end)
        self.rung = False

    def hear(self, *signals: signal.Signals) -> None:
        """Ring at each of these signals, whatever they did before. Must be called in the main thread."""
        # Python runs a handler between two of its own steps. One that comes right before poll() would wait for the
        # end of it; the byte that the interpreter itself writes ends it at once.
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in signals:
            signal.signal(number, lambda *_: self.ring())

    def stir(self, *signals: signal.Signals) -> None:
        """Let each of these end the wait that goes on, without a ring; hear() must be called too."""
        for number in signals:
            signal.signal(number, lambda *_: None)

    def ring(self) -> None:
        """End the wait that is going on, and every later one at once."""
        self.rung = True
        try:
            os.write(self._write_end, b"\0")
        except BlockingIOError:
            # The pipe is full of rings already; one is enough.
            return

    def wait(self, seconds: float) -> bool:
        """Whether it rang, at the latest after `seconds`; for one thread alone."""
        if not self.rung:
            poll = select.poll()
            poll.register(self._read_end, select.POLLIN)
            if poll.poll(max(0.0, seconds) * 1000):
                # It may be the byte of a signal that somebody else hears: taken away, it wakes nobody twice.
                os.read(self._read_end, 4096)
        return self.rung


def _close_both(read_end: int, write_end: int) -> None:
    os.close(read_end)
    os.close(write_end)
