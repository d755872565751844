"""Where reads come from: one source per device, each run by a thread of its own."""

from pathlib import Path

from gateway.protocols import Options
from gateway.protocols.line import LineOptions
from gateway.protocols.pictures import CameraOptions, DropFolderOptions
from gateway.protocols.r200 import R200Options
from gateway.sources.base import Emit, Refuses, Report, Source, SourceLost

__all__ = ["Emit", "Refuses", "Report", "Source", "SourceLost", "make_source"]


def make_source(name: str, options: Options, *, gateway: str, evidence: Path = Path("evidence")) -> Source:
    """The source for a device's options; the gateway's name makes its name at a broker unique.

    Cameras keep their pictures in a folder of their own under `evidence`.
    """
    # Each driver's library is imported when a device needs it: a gateway of scanners alone starts without MQTT.
    if isinstance(options, LineOptions):
        from gateway.sources.serial_line import SerialLineSource

        return SerialLineSource(name, options)
    if isinstance(options, R200Options):
        from gateway.sources.r200 import R200Source

        return R200Source(name, options)
    if isinstance(options, CameraOptions):
        from gateway.sources.camera import CameraSource

        return CameraSource(name, options, evidence / name)
    if isinstance(options, DropFolderOptions):
        from gateway.sources.drop_folder import DropFolderSource

        return DropFolderSource(name, options)
    from gateway.sources.mqtt import MqttSource

    return MqttSource(name, options, client_id=f"orderlight-{gateway}-{name}")
