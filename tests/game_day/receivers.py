"""Receivers on loopback that are up or out, and write down every delivery that came."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.scripted_receiver import Peer, ScriptedReceiver, answer


@dataclass(kw_only=True)
class Endpoint:
    """One endpoint; what it answers depends on whether it is up."""

    server: ScriptedReceiver
    path: str
    is_up: bool = True
    # By the header `webhook-id`, how often the delivery came while the endpoint was up, and out.
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)  # of what was accepted
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Begin to answer."""
        self.server.script(self.path, self._behave)

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.url(self.path)

    def _behave(self, peer: Peer) -> bool | None:
        delivery_id = peer.request.header("webhook-id") or ""
        with self._lock:
            is_up = self.is_up
            (self.accepted if is_up else self.refused)[delivery_id] += 1
            if is_up:
                self.bodies.append(peer.request.body)
        if not is_up:
            peer.reset()
            return False
        return answer(200)(peer)
