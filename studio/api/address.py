"""Ports, host names and addresses of this machine. Standard library only, so that a wrong one is told at once."""

import os
import socket

from studio.errors import Conflict, StudioError

PORTS_TRIED = 100


def is_loopback(host: str) -> bool:
    """Whether this host name or address can only mean the own machine."""
    host = host.strip("[]").rstrip(".").lower()
    parts = host.split(".")
    address = len(parts) == 4 and parts[0] == "127" and all(part.isdigit() and int(part) < 256 for part in parts)
    return address or host in ("localhost", "::1") or host.endswith(".localhost")


def free_port(host: str, wanted: int) -> int:
    """The first free port of the host from `wanted` on (0: any). Conflict after a hundred taken ones."""
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    problem = None
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":  # elsewhere this option would let two programs share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return probe.getsockname()[1]
            except socket.gaierror:
                raise StudioError(f"This machine has no address {host}.", "Leave --host out.") from None
            except OSError as error:
                problem = error
    raise Conflict(
        f"No port from {wanted} on can be used: {problem.strerror}.", "Choose another with --port or --host."
    )


def network_address() -> str | None:
    """This machine's address in its network, None without one. Nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address set aside for documents: only the route is looked up
            return probe.getsockname()[0]
        except OSError:
            return None
