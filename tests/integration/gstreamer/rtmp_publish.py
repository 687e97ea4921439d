"""An RTMP publisher that shares no code with the project: GStreamer's.

Usage: rtmp_publish.py LAUNCH
Runs the pipeline LAUNCH to its end. The element named `out` sends to the address on standard input, which may hold a key.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)

pipeline = Gst.parse_launch(sys.argv[1])
pipeline.get_by_name("out").set_property("location", sys.stdin.readline().strip())
pipeline.set_state(Gst.State.PLAYING)
message = pipeline.get_bus().timed_pop_filtered(
    Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR
)
pipeline.set_state(Gst.State.NULL)
if message.type == Gst.MessageType.ERROR:
    print(message.parse_error())
    sys.exit(1)
