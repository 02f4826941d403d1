"""Write a teacher's output on real sets as pseudo-references: set directories with spk1.scp."""

from __future__ import annotations

from pathlib import Path

from espnet_kd.errors import exit_on_user_error
from espnet_kd.inference.loading import enhancement_options, load_enhancer, read_set
from espnet_kd.inference.pseudo_reference import make_pseudo_references


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and make the pseudo-references of each set."""
    options = enhancement_options(__doc__, cmd)
    enhancer = load_enhancer(options)
    for set_dir in options.sets:
        utterances, inputs = read_set(set_dir, enhancer, options)
        out = Path(options.out) / Path(set_dir).name
        make_pseudo_references(set_dir, out, utterances, enhancer, inputs, options.nj)


if __name__ == "__main__":
    main()
