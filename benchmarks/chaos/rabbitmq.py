"""A RabbitMQ of its own for loopback, which is killed, and started again where it was."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.calls.processes import listening
from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import free_ports

# Where Debian has it; what is on the path there asks for a user of its own.
_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# One scheduler that does not wait by turning: the machine is for who is measured.
_ERLANG = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"

# It has a machine of its own to start, and as many processors as are left.
_READY_S = 120.0


class Broker:
    """A broker with data of its own."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._port, self._own, self._names = free_ports(3)
        # It wants a home, and no root.
        self._account = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        self._processes: list[asyncio.subprocess.Process] = []

    @property
    def url(self) -> str:
        """As a service is told it: by the account that a new broker has, for loopback alone."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    def make(self) -> None:
        """Write what it is told."""
        settings = {"listeners.tcp.1": f"127.0.0.1:{self._port}", "log.console": "true", "log.file": "false"}
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self._folder / "rabbitmq.conf").write_text(text, encoding="utf-8")
        (self._folder / "plugins").write_text("[].\n", encoding="utf-8")
        (self._folder / "data").mkdir()
        if self._account is not None:
            for path in (self._folder, *self._folder.iterdir()):
                shutil.chown(path, self._account.pw_uid, self._account.pw_gid)

    async def start(self) -> None:
        """Start it, and wait until it takes connections.

        Raises:
            CannotRun: when it does not in time, or ended.
        """
        # Where brokers ask for each other; started by us, it ends with us.
        mapper = await self._run("epmd")
        server = await self._run(str(_PROGRAM))
        self._processes = [server, mapper]
        await listening(self._port, self._clock, server, within_s=_READY_S)

    async def kill(self) -> None:
        """End all of it with SIGKILL."""
        for process in self._processes:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    async def _run(self, program: str) -> asyncio.subprocess.Process:
        folder, quiet = self._folder, asyncio.subprocess.DEVNULL
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            # The program stays the process that was started.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_DIST_PORT": str(self._own),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_LOG_BASE": str(folder / "data"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_NODENAME": "mesh@localhost",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names),
        }
        user, group = (self._account.pw_uid, self._account.pw_gid) if self._account else (None, None)
        return await asyncio.create_subprocess_exec(
            program,
            cwd=folder,
            env=environ,
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            user=user,
            group=group,
            extra_groups=[] if self._account else None,
            start_new_session=True,
        )


@asynccontextmanager
async def brokering(clock: Clock) -> AsyncIterator[Broker]:
    """A broker that runs, for the length of the block.

    Raises:
        CannotRun: when there is no RabbitMQ here.
    """
    if not os.access(_PROGRAM, os.X_OK):
        raise CannotRun("there is no RabbitMQ here: .ci/rabbitmq says how to get it")
    with TemporaryDirectory(prefix="rabbitmq-") as folder:
        broker = Broker(Path(folder), clock)
        broker.make()
        try:
            await broker.start()
            yield broker
        finally:
            await broker.kill()
