"""Processes and ports of this machine: whose a process is, how to end it, what is free."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def identity(pid: int) -> str | None:
    """
    When a running process began and its command line; None when there is no such process.

    Process ids are used again: only the same identity is the same process.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return None if Path("/proc/self").exists() else _identity_by_ps(pid)
    state, *rest = stat.rpartition(")")[2].split()
    began = rest[18]  # field 22 of proc(5), in clock ticks since boot
    return None if state == "Z" else f"{began} {command}"


def _identity_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "lstart=,command=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return found or None


def end(pid: int, expected: str, patience_seconds: float) -> None:
    """End a process that is not our child, asked first and then killed, if it still is that one."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if identity(pid) != expected:
            return
        os.kill(pid, number)
        if wait_until(lambda: identity(pid) != expected, patience_seconds):
            return


def wait_until(true: Callable[[], bool], limit_seconds: float, pause_seconds: float = 0.05) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + limit_seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_seconds)
    return True


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody uses now."""
    with_port = [socket.socket() for _ in range(count)]
    try:
        for each in with_port:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in with_port]
    finally:
        for each in with_port:
            each.close()


def is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as trial:
        # As servers do: connections that ended a moment ago do not keep the port.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as trial:
        trial.settimeout(1)
        return trial.connect_ex(("127.0.0.1", port)) == 0
