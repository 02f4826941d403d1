"""Train a baseline, teacher or student: `python -m espnet_kd.bin.enh_kd_train --config ...`."""

from __future__ import annotations

from espnet_kd import host
from espnet_kd.errors import exit_on_user_error


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Run the task; it takes the arguments of `espnet2.bin.enh_train` and those of EnhKDTask."""
    host.prepare()
    from espnet_kd.tasks.enh_kd import EnhKDTask

    EnhKDTask.main(cmd=cmd)


if __name__ == "__main__":
    main()
