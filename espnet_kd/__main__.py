"""`python -m espnet_kd` is the command `espnet-kd`."""

from espnet_kd.cli import main

if __name__ == "__main__":
    main()
