"""ESPnet made ready before any test module imports it."""

from espnet_kd import host

host.prepare()
