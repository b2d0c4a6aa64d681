"""The built-in engine as a child process, which ends with its parent however that ends."""

import contextlib
import math
import select
import subprocess
import sys
import time
from pathlib import Path

from vqd.domain.errors import VqdError

STARTED_WITHIN_S = 30.0
STOPPED_WITHIN_S = 5.0
AGAIN_S = 5.0
"""Until one is started again that died and did not start: whoever starts it waits for that."""


class EngineProcess:
    """Starts the engine, restarts it on the same port if it died, and stops it. Port 0 takes a free
    one, once."""

    def __init__(self, data_dir: Path, *, port: int = 0) -> None:
        self.data_dir = data_dir
        self.url = ""
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._again_at = -math.inf

    def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            VqdError: `engine_not_started`, naming its log.
        """
        try:
            process = self._begun()
        except OSError as error:
            raise self._not_started(f": {error}") from error
        self.url = self._announced(process)
        self._port = int(self.url.rpartition(":")[2])
        self._process = process

    def ensure_alive(self) -> None:
        """Start it again if it died.

        Raises:
            VqdError: `engine_not_started`; after AGAIN_S it is tried again.
        """
        process = self._process
        if process is None or process.poll() is None or time.monotonic() < self._again_at:
            return
        self._close_pipes(process)
        try:
            self.start()
        except VqdError:
            self._again_at = time.monotonic() + AGAIN_S
            raise

    def stop(self) -> None:
        """End it, by force if it does not end by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._close_pipes(process)

    @property
    def pid(self) -> int | None:
        """Give its process id, None while there is no process."""
        return self._process.pid if self._process else None

    @property
    def _log(self) -> Path:
        return self.data_dir / "engine.log"

    def _begun(self) -> subprocess.Popen[bytes]:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "vqd", "engine", "--stop-with-parent"]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*command, "--port", str(self._port), "--data", str(self.data_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def _announced(self, process: subprocess.Popen[bytes]) -> str:
        if process.stdout is None:
            raise AssertionError("stdout was asked for")
        until = time.monotonic() + STARTED_WITHIN_S
        while (left_s := until - time.monotonic()) > 0 and process.poll() is None:
            if select.select([process.stdout], [], [], min(left_s, 0.1))[0]:
                url = process.stdout.readline().decode().strip()
                if url:
                    return url
                break
        process.kill()
        process.wait()
        self._close_pipes(process)
        raise self._not_started()

    def _not_started(self, why: str = "") -> VqdError:
        said = f"The built-in engine did not start{why}."
        return VqdError("engine_not_started", said, f"See {self._log}.")

    def _close_pipes(self, process: subprocess.Popen[bytes]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
