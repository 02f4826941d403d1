"""Run jobs on this machine, with the command line of Kaldi's run.pl.

usage: python -m espnet_kd.bin.run_jobs [--max_jobs_run N] [--gpu N] [--mem M] [--num_threads N]
           [JOB=1:N] LOG COMMAND ARGUMENT...

JOB (any name) is replaced by the number of the job in LOG and in every ARGUMENT. At most
--max_jobs_run jobs run at once. Options for a queue (--gpu, --mem, --num_threads, ...) are
ignored. As with run.pl, words without white space ('|', '>', ...) are passed to bash unquoted.
If a job fails, the end of its log is printed and the exit code is 1.
"""

from __future__ import annotations

import sys

from espnet_kd.errors import exit_on_user_error
from espnet_kd.jobs.command_line import parse_request
from espnet_kd.jobs.run import JobFailed, run_jobs


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse run.pl's arguments and run the jobs; exit with 1 if one fails, 130 if interrupted."""
    arguments = sys.argv[1:] if cmd is None else cmd
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return
    try:
        run_jobs(parse_request(arguments))
    except JobFailed as failure:
        sys.exit(f"error: {failure}")
    except KeyboardInterrupt:
        print("interrupted: all jobs stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
