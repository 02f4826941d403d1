"""ESPnet tasks."""

from espnet_kd import host

host.prepare()  # here, because a process that ESPnet spawns for a GPU first imports the task
