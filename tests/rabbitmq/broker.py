"""RabbitMQ as processes: started in a folder, with all of its ports on loopback, and stopped."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path

from tests.certificates import Authority
from tests.shared_server import account, free_ports

# One scheduler that does not wait by turning: the machine is for the tests.
_ERLANG = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


class Broker:
    """Keeps its address and what it was given to keep however often it is started."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._password = secrets.token_hex(8)
        self._port, self._secure, self._http, self._own, self._names = free_ports(5)
        self._authority = Authority(folder)
        self._certificate = self._authority.signs("127.0.0.1")
        self._server: subprocess.Popen[bytes] | None = None
        # Where the nodes of a cluster ask for each other. Started by us, it ends with us.
        self._mapper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of its first virtual host."""
        return f"amqp://mesh:{self._password}@127.0.0.1:{self._port}/"

    @property
    def secure(self) -> str:
        """The same by TLS, with the authority that signs its certificate."""
        return f"amqps://mesh:{self._password}@127.0.0.1:{self._secure}/?cafile={self._authority.file}"

    @property
    def api(self) -> str:
        """By which it is told what to make."""
        return f"http://mesh:{self._password}@127.0.0.1:{self._http}/api"

    def start(self) -> None:
        """Return when it answers."""
        owner, folder = account(), self._folder
        configuration = {
            "listeners.tcp.1": f"127.0.0.1:{self._port}",
            "listeners.ssl.1": f"127.0.0.1:{self._secure}",
            "ssl_options.certfile": self._certificate.cert,
            "ssl_options.keyfile": self._certificate.key,
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": self._http,
            "default_user": "mesh",
            "default_pass": self._password,
            "log.file": "false",
            "log.console": "true",
            "log.console.level": "warning",
            "raft.wal_max_size_bytes": 16_000_000,
            "disk_free_limit.absolute": "16MB",
        }
        (folder / "rabbitmq.conf").write_text("".join(f"{key} = {value}\n" for key, value in configuration.items()))
        (folder / "plugins").write_text("[rabbitmq_management].\n")
        (folder / "data").mkdir(exist_ok=True)
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        environ = {
            "PATH": os.environ["PATH"],
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

        def begin(*command: str | Path) -> subprocess.Popen[bytes]:
            with (folder / "log").open("ab") as log:
                return subprocess.Popen(
                    command,
                    user=owner.pw_uid if os.getuid() == 0 else None,
                    group=owner.pw_gid if os.getuid() == 0 else None,
                    extra_groups=[] if os.getuid() == 0 else None,
                    cwd=folder,
                    env=environ,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

        self._mapper = begin("epmd")
        # Where there is none yet, the broker starts one that outlives it.
        while not _listens(self._names):
            time.sleep(0.02)  # noqa: TID251 - real time of another process
        self._server = begin(self._programs / "rabbitmq-server")
        while not self._answers():
            assert self._server.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)  # noqa: TID251 - real time of another process

    def stop(self) -> None:
        """End it as somebody does who will start it again."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
        self.kill()

    def kill(self) -> None:
        """End it as somebody does who pulls the plug. A queue that was made a moment ago may not survive that."""
        for process in (self._server, self._mapper):
            if process is not None and process.returncode is None:
                # With all that it started, which is in its group.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _answers(self) -> bool:
        try:
            call("GET", f"{self.api}/overview")
        except OSError:
            return False
        return True


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def call(method: str, url: str, **document: object) -> object:
    """Ask the API of a broker, by a URL that holds who asks."""
    place, _, path = url.removeprefix("http://").partition("/")
    who, _, host = place.rpartition("@")
    headers = {"Authorization": f"Basic {b64encode(who.encode()).decode()}", "Content-Type": "application/json"}
    asking = urllib.request.Request(
        f"http://{host}/{path}", json.dumps(document).encode() if document else None, headers, method=method
    )
    try:
        with urllib.request.urlopen(asking, timeout=30) as answer:  # noqa: S310 - likewise
            raw = answer.read()
    except urllib.error.HTTPError as error:
        if method == "DELETE" and error.code == 404:
            return None
        raise
    return json.loads(raw) if raw else None
