"""TLS to the server or its broker; imported only where one of them is reached so."""

import socket
import ssl


def trust(ca_file: str | None) -> ssl.SSLContext:
    """What proves a server to be ours: the usual authorities, and our own."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class Tls:
    """Wraps connections to one server."""

    def __init__(self, ca_file: str | None) -> None:
        self._context = trust(ca_file)

    def wrap(self, connection: socket.socket, host: str) -> socket.socket:
        """The encrypted connection, once the server has proved to be `host`."""
        return self._context.wrap_socket(connection, server_hostname=host)

    def is_doubt(self, error: Exception) -> bool:
        """Whether this error tells of a proof that failed."""
        return isinstance(error, ssl.SSLError)
