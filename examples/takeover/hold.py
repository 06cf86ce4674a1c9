#!/usr/bin/env python3
"""Holds a listening socket, and lets one gateway after the other serve it.

    python3 hold.py 127.0.0.1:8090 wsfw start --config ./config --log-format json

SIGHUP replaces the gateway: a new one is started on the same socket, and the old one is told to drain when the
new one listens. If the new one does not come up, the old one stays. SIGTERM and SIGINT stop everything.
"""

import os
import signal
import socket
import subprocess
import sys
import threading

# Passed sockets begin with this descriptor (sd_listen_fds(3)).
PASSED = 3
START_TIMEOUT_S = 30


class Gateway:
    """A gateway that serves the passed socket."""

    def __init__(self, command):
        self.listens = threading.Event()
        # LISTEN_PID has to be the gateway's own process: the shell's, which becomes the gateway.
        shell = ["sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', *command]
        self.process = subprocess.Popen(
            shell,
            env={**os.environ, "LISTEN_FDS": "1"},
            stdout=subprocess.PIPE,
            pass_fds=[PASSED],
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, []),
        )
        threading.Thread(target=self.copy_log, daemon=True).start()

    def copy_log(self):
        for line in self.process.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            if b'"msg":"listening"' in line:
                self.listens.set()

    def drain(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process


def listen(address):
    host, _, port = address.rpartition(":")
    listener = socket.create_server((host, int(port)), backlog=1024)
    if listener.fileno() != PASSED:
        os.dup2(listener.fileno(), PASSED, inheritable=False)
    print(f"holding {host}:{listener.getsockname()[1]}", flush=True)
    return listener


def main(address, *command):
    wanted = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    listener = listen(address)
    serving = Gateway(command)
    draining = []
    while True:
        number = signal.sigwait(wanted)
        if number == signal.SIGHUP:
            successor = Gateway(command)
            if successor.listens.wait(START_TIMEOUT_S):
                draining.append(serving.drain())
                serving = successor
            else:
                print("the new gateway does not listen: the old one stays", file=sys.stderr, flush=True)
                successor.drain()
        elif number != signal.SIGCHLD:
            for process in [*draining, serving.drain()]:
                process.wait()
            listener.close()
            return 0
        draining = [process for process in draining if process.poll() is None]
        if serving.process.poll() is not None:
            return serving.process.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
