"""ESPnet tasks."""

from espnet_kd import host

host.prepare()  # here, since a process that ESPnet spawns for a GPU begins with the task's import
