"""An RTSP server that shares no code with the project: GStreamer's.

Usage: rtsp_server.py LAUNCH [USER PASSWORD_FILE]
Serves the pipeline LAUNCH at rtsp://127.0.0.1:PORT/stream and prints "PORT <n>" when it listens.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)

server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")

factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(sys.argv[1])
factory.set_shared(False)
factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP | GstRtsp.RTSPLowerTrans.UDP)

if len(sys.argv) > 3:
    with open(sys.argv[3], encoding="utf-8") as file:
        password = file.read().strip()
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "user")
    auth.add_digest(sys.argv[2], password, token)
    server.set_auth(auth)
    factory.add_role_from_structure(
        Gst.Structure.new_from_string(
            "user, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
        )
    )

server.get_mount_points().add_factory("/stream", factory)
server.attach(None)
print("PORT", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
