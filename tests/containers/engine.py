"""A container engine with the base image of SAM's functions."""

import os
import platform
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import certifi

PACKAGES = ["docker.io", "iptables"]


class NoEngine(Exception):
    """Why no container can be started."""


def quiet(*command, **options):
    """Whether a command succeeds, and its output."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout.strip()


class Engine:
    """The engine of this machine, or one that lives as long as this object."""

    def __init__(self, home, emulator, built):
        self.home, self.emulator, self.built = home, urlsplit(emulator), built
        self.architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
        self.base = f"public.ecr.aws/lambda/provided:al2023-{self.architecture}"
        self.environment, self.daemon, self.run, self.relay = {}, None, None, None

    def docker(self, *arguments, **options):
        return quiet("docker", *arguments, env={**os.environ, **self.environment}, **options)

    def __enter__(self):
        try:
            if platform.system() != "Linux":
                raise NoEngine("the functions are built for this machine, and only Linux runs them in a container")
            if self.docker("info")[0]:
                self.name = "this machine's container engine"
                self.pull()
            else:
                self.start()
                self.name = "a container engine of its own"
                self.make_base()
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.relay:
            self.relay.close()
        if self.daemon:
            self.daemon.terminate()
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
        if self.run:
            shutil.rmtree(self.run, ignore_errors=True)

    def pull(self):
        present, _ = self.docker("image", "inspect", self.base)
        pulled, output = (True, "") if present else self.docker("pull", self.base, timeout=300)
        if not pulled:
            raise NoEngine(f"{self.base} can't be pulled: {output[-200:]}")
        self.image = f"AWS's image {self.base}"

    def start(self):
        """Starts Docker with its files below the home folder; as root only."""
        if os.geteuid() != 0:
            raise NoEngine("no container engine runs, and only root can start one")
        if not (shutil.which("dockerd") and shutil.which("iptables")):
            if not shutil.which("apt-get"):
                raise NoEngine("no container engine is installed")
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            quiet("apt-get", "update", "--quiet", env=environment, timeout=300)
            install = ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *PACKAGES]
            installed, output = quiet(*install, env=environment, timeout=600)
            if not installed:
                raise NoEngine(f"{' and '.join(PACKAGES)} can't be installed: {output[-200:]}")
        self.home.mkdir(parents=True, exist_ok=True)
        # A socket's path has at most 107 characters.
        self.run = tempfile.mkdtemp(prefix="sluice-docker-")
        address = f"unix://{self.run}/docker.sock"
        log = self.home / "dockerd.log"
        with log.open("w") as output:
            self.daemon = subprocess.Popen(
                ["dockerd", "--data-root", self.home / "data", "--exec-root", f"{self.run}/exec",
                 "--pidfile", f"{self.run}/docker.pid", "--host", address],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.environment = {"DOCKER_HOST": address}
        deadline = time.monotonic() + 30
        while not self.docker("info")[0]:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                last = [line for line in log.read_text().splitlines() if line.strip()][-1:]
                raise NoEngine(f"dockerd does not start here: {' '.join(last)[-200:]}")
            time.sleep(0.2)

    def make_base(self):
        """Imports the few programs and libraries that SAM and the functions need, under the name of AWS's image.

        It has this machine's C library and not that of Amazon Linux. Only an engine of its own gets it, because the
        name is AWS's.
        """
        programs = [shutil.which(name) for name in ("sh", "mv", "chmod")]
        # By their paths in the image.
        files = {Path("bin", Path(program).name): program for program in programs}
        for program in [*programs, *self.built.glob("*/bootstrap")]:
            linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
            files.update({Path(found).relative_to("/"): found for found in re.findall(r"(/\S+) \(0x", linked)})
        # Where Amazon Linux has its root certificates. `notify` does not start without any.
        files[Path("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")] = certifi.where()
        image = self.home / "base.tar"
        with tarfile.open(image, "w") as tar:
            for folder, mode in (("tmp", 0o1777), ("var/task", 0o755), ("var/runtime", 0o755), ("opt", 0o755)):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, mode
                tar.addfile(entry)
            for name, file in sorted(files.items()):
                file = Path(file).resolve()
                with file.open("rb") as content:
                    tar.addfile(tar.gettarinfo(file, str(name)), content)
        imported, output = self.docker("import", image, self.base)
        if not imported:
            raise NoEngine(f"the base image can't be imported: {output[-200:]}")
        self.image = f"a base image with this machine's libraries in place of {self.base}"

    def connect(self):
        """Makes the emulator, which listens on the loopback interface, reachable from containers."""
        gateway = "{{(index .IPAM.Config 0).Gateway}}"
        found, address = self.docker("network", "inspect", "bridge", "--format", gateway)
        if not found or not address:
            raise NoEngine(f"the engine has no bridge network: {address[-200:]}")
        try:
            self.relay = socket.create_server((address, 0))
        except OSError as error:
            raise NoEngine(f"nothing can listen at the containers' gateway {address}: {error}") from error
        self.endpoint = f"http://{address}:{self.relay.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                inner, _ = self.relay.accept()
                outer = socket.create_connection((self.emulator.hostname, self.emulator.port))
            except OSError:
                return
            for source, sink in ((inner, outer), (outer, inner)):
                threading.Thread(target=copy, args=(source, sink), daemon=True).start()


def copy(source, sink):
    try:
        while received := source.recv(65536):
            sink.sendall(received)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        sink.close()
