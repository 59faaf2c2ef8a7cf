"""
The network between parts and servers, which can be cut, hung and slowed.

Our own, because what there is (Toxiproxy) is a server in another language that no package index of
Python has; it need not do more than this. It runs in a thread, so that nothing else slows it.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_CHUNK = 64 * 1024


class Proxy:
    """One port of ours that leads to one port of a server."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self.delay_seconds = 0.0
        self.is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Nobody gets through, and who was through is thrown out."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def hang(self) -> None:
        """Nothing gets through, and nobody is told."""
        self._flows.clear()

    def slow(self, seconds: float) -> None:
        self.delay_seconds = seconds

    def heal(self) -> None:
        self.is_cut, self.delay_seconds = False, 0.0
        self._flows.set()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            theirs, ours = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, ours}
        self._open |= both
        try:
            await asyncio.gather(self._pump(reader, ours), self._pump(theirs, writer))
        finally:
            self._open -= both
            for each in both:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(_CHUNK):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                await self._flows.wait()
                writer.write(some)
                await writer.drain()
        writer.close()


class Network:
    """All proxies, by machine and server."""

    def __init__(self) -> None:
        self._proxies: dict[tuple[str, str], Proxy] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def lead(self, machine: str, server: str, port: int, target: int) -> None:
        """From now on this port leads from this machine to that server."""

        async def listen() -> Proxy:
            proxy = Proxy(target)
            await proxy.listen(port)
            return proxy

        made = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(10)
        self._proxies[machine, server] = made

    def port(self, machine: str, server: str) -> int:
        return self._proxies[machine, server].port

    @contextmanager
    def trouble(self, what: Callable[[Proxy], None], machine: str, *servers: str) -> Iterator[None]:
        """Something is done to the ways from one machine, until the end of the block."""
        ways = [self._proxies[machine, server] for server in servers]
        self._each(what, ways)
        try:
            yield
        finally:
            self._each(Proxy.heal, ways)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        for way in self._proxies.values():
            way.close()
        pumps = asyncio.all_tasks() - {asyncio.current_task()}
        for each in pumps:
            each.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        await asyncio.sleep(0.1)  # what was thrown out is closed by then

    def _each(self, what: Callable[[Proxy], None], ways: list[Proxy]) -> None:
        for way in ways:
            self._loop.call_soon_threadsafe(what, way)
