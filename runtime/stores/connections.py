"""Open HTTP connections to one AWS endpoint, kept from call to call and shared by threads."""

import select
import socket
import ssl
import weakref
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from botocore.httpsession import get_cert_path

MAX_IDLE: Final = 10  # a batch's attempts write at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, whole."""

    status: int
    body: bytes


class Connections:
    """Connections to the host of `url`, an endpoint of AWS; its certificate is checked.

    By http.client, because urllib3 takes half as much CPU again and every attempt writes once.
    """

    def __init__(self, url: str, *, connect_timeout_s: float, read_timeout_s: float) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._tls = (
            ssl.create_default_context(cafile=get_cert_path(verify=True))
            if parts.scheme == "https"
            else None
        )
        self._idle: list[HTTPConnection] = []
        weakref.finalize(self, _close, self._idle)

    def post(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST to the path `/`.

        Raises:
            OSError: no connection, or no answer in time.
            HTTPException: what came back is not HTTP.
        """
        connection = self._take()
        try:
            connection.request("POST", "/", body=body, headers=headers)
            answer = connection.getresponse()
            reply = Reply(status=answer.status, body=answer.read())
        except BaseException:
            connection.close()  # a late answer must not be read as the next call's
            raise
        self._keep(connection)
        return reply

    def _take(self) -> HTTPConnection:
        while True:
            try:
                connection = self._idle.pop()  # one step, so two threads never get the same
            except IndexError:
                return self._connect()
            if not _is_dropped(connection.sock):
                return connection
            connection.close()

    def _keep(self, connection: HTTPConnection) -> None:
        if connection.sock is None:  # the answer said that it was the last
            return
        if len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def _connect(self) -> HTTPConnection:
        connection = (
            HTTPConnection(self.host, timeout=self._connect_timeout_s)
            if self._tls is None
            else HTTPSConnection(self.host, timeout=self._connect_timeout_s, context=self._tls)
        )
        connection.connect()
        connection.sock.settimeout(self._read_timeout_s)
        return connection


def _is_dropped(sock: socket.socket) -> bool:
    """Whether an idle connection has something to read: its end, since nothing was asked.

    A Lambda that has been frozen finds all of its connections so.
    """
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _close(idle: list[HTTPConnection]) -> None:
    for connection in idle:
        connection.close()
