"""A RabbitMQ of its own for loopback, which is ended, or killed, and started again where it was.

Nothing here runs in a loop of asyncio, since whoever tests shares one broker among processes: in a loop, its
:meth:`~Broker.start` is for a thread.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from launcher.development import CannotRun
from launcher.local import free_ports

# Where Debian has it; what is on the path there asks for a user of its own.
_DEBIAN = Path("/usr/lib/rabbitmq/bin")
# One scheduler that does not wait by turning: the machine is for others.
_ERLANG = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
_USER = "mesh"

# It has a machine of its own to start, and as many processors as are left.
_READY_S, _LOOK_S = 120.0, 0.05
_SAID = 800

_AS_IT_IS: Mapping[str, object] = {}


def find_programs() -> Path | None:
    """The folder of `rabbitmq-server` and of what belongs to it, where it is here."""
    found = shutil.which("rabbitmq-server")
    places = [_DEBIAN, *([Path(found).parent] if found else [])]
    return next((place for place in places if os.access(place / "rabbitmq-server", os.X_OK)), None)


class Broker:
    """A broker with data of its own in *folder*, run by *programs*, with these *plugins* and *settings* of its own.

    It keeps its address and what it was given to keep however often it is started.
    """

    def __init__(
        self, folder: Path, programs: Path, *, plugins: Sequence[str] = (), settings: Mapping[str, object] = _AS_IT_IS
    ) -> None:
        self._folder = folder
        self._programs = programs
        self._plugins = plugins
        self._settings = settings
        self._port, self._own, self._names = free_ports(3)
        self.password = secrets.token_hex(8)
        # It wants a home, and no root.
        self._account = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        self._server: subprocess.Popen[bytes] | None = None
        # Where the nodes of a cluster ask for each other. Started by us, it ends with us.
        self._mapper: subprocess.Popen[bytes] | None = None
        self._given_up = False

    @property
    def url(self) -> str:
        """As a service is told it: its first virtual host."""
        return self.at("amqp", self._port)

    def at(self, scheme: str, port: int) -> str:
        """The root of what it serves at another *port*, with who may do everything there."""
        return f"{scheme}://{_USER}:{self.password}@127.0.0.1:{port}/"

    def start(self) -> None:
        """Start it, and return when it takes connections.

        Raises:
            CannotRun: when it does not in time, or ended; the end of its log is in the message.
        """
        self._given_up = False
        try:
            self._write()
            self._mapper = self._begin("epmd")
            # Where there is none yet, the broker starts one that outlives it.
            self._wait_for(self._names, self._mapper)
            self._server = self._begin(self._programs / "rabbitmq-server")
            self._wait_for(self._port, self._server)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it as somebody does who will start it again."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
        self.kill()

    def kill(self) -> None:
        """End it as somebody does who pulls the plug. A queue that was made a moment ago may not survive that.

        It may be starting in another thread, which is told by this, too.
        """
        self._given_up = True
        for process in (self._server, self._mapper):
            if process is not None and process.returncode is None:
                # With all that it started, which is in its group.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _write(self) -> None:
        """Write what it is told."""
        settings = {
            "listeners.tcp.1": f"127.0.0.1:{self._port}",
            "default_user": _USER,
            "default_pass": self.password,
            "log.file": "false",
            "log.console": "true",
            "log.console.level": "warning",
            # It makes room for so much at once, and asks for much more.
            "raft.wal_max_size_bytes": 16_000_000,
            "disk_free_limit.absolute": "16MB",
            **self._settings,
        }
        text = "".join(f"{key} = {value}\n" for key, value in settings.items())
        (self._folder / "rabbitmq.conf").write_text(text, encoding="utf-8")
        (self._folder / "plugins").write_text(f"[{','.join(self._plugins)}].\n", encoding="utf-8")
        (self._folder / "data").mkdir(exist_ok=True)
        if self._account is not None:
            for path in (self._folder, *self._folder.iterdir()):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _begin(self, program: str | Path) -> subprocess.Popen[bytes]:
        folder = self._folder
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
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - a program that we found
                [program],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user,
                group=group,
                extra_groups=[] if self._account else None,
                start_new_session=True,
            )

    def _wait_for(self, port: int, process: subprocess.Popen[bytes]) -> None:
        for _ in range(int(_READY_S / _LOOK_S)):
            if self._given_up or process.poll() is not None:
                break
            if _listens(port):
                return
            time.sleep(_LOOK_S)  # noqa: TID251 - real time of another process
        said = (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-_SAID:]
        raise CannotRun(f"RabbitMQ takes no connections at port {port}: {said}")


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def brokering() -> AsyncIterator[Broker]:
    """A broker that runs, for the length of the block.

    Raises:
        CannotRun: when there is no RabbitMQ here.
    """
    programs = find_programs()
    if programs is None:
        raise CannotRun("there is no RabbitMQ here: .ci/rabbitmq says how to get it")
    with TemporaryDirectory(prefix="rabbitmq-") as folder:
        broker = Broker(Path(folder), programs)
        try:
            await asyncio.to_thread(broker.start)
            yield broker
        finally:
            broker.kill()
