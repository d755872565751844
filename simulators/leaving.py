"""Leaving a broker for good: paho-mqtt itself leaves sockets open for whoever collects the garbage."""

import contextlib

import paho.mqtt.client as mqtt


def leave(client: mqtt.Client) -> None:
    """Disconnect, end the client's thread and close every socket it has; the client is of no use afterwards."""
    client.disconnect()
    # That alone ends the thread, and paho forgets a thread that ended, be it in the middle of loop_stop().
    with contextlib.suppress(AttributeError):
        client.loop_stop()
    # The two sockets that wake the thread stay open until the client is collected. It and its callbacks hold each
    # other, so that only the garbage collector can do it, which may well come to the sockets first.
    client.reinitialise()
