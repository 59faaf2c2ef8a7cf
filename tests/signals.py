"""How a process that a test starts takes signals."""

import signal


def heeds_ctrl_c() -> None:
    """To be called in the new process: what a shell runs in the background ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
