"""Print what the KD losses of a YAML file need: teacher, recognizer, centroids, noise pairs."""

from __future__ import annotations

import argparse

from espnet_kd.distill.settings import read_losses
from espnet_kd.errors import exit_on_user_error
from espnet_kd.yaml_base import merged, read_with_bases


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and print the words on one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="conf/kd/*.yaml")
    args = parser.parse_args(cmd)
    settings = merged(read_with_bases(args.config))
    needs = set()
    for entry in read_losses(settings.get("kd_losses") or {}):
        loss = entry.loss_class
        needs.update(loss.resources)
        needs.update(["teacher"] if loss.needs_teacher else [])
        needs.update(["pairs"] if loss.needs_pairs else [])
    print(" ".join(sorted(needs)))


if __name__ == "__main__":
    main()
