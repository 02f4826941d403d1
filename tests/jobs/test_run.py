import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from espnet_kd.bin.run_jobs import main
from espnet_kd.jobs.command_line import parse_request
from espnet_kd.jobs.run import JobFailed, run_jobs


def launch(*arguments):
    run_jobs(parse_request([str(argument) for argument in arguments]))


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


def test_log_has_header_output_and_trailer(tmp_path):
    launch("JOB=1:2", tmp_path / "new/x.JOB.log", "echo", "out JOB", "&&", "echo", "err", ">&2")
    lines = (tmp_path / "new/x.2.log").read_text().splitlines()
    assert lines[0] == '# echo "out 2" && echo err >&2'
    assert lines[1].startswith("# Started at ")
    assert lines[3:5] == ["out 2", "err"]
    assert lines[-1].startswith("# Ended (code 0) at ")


def test_one_failure_fails_the_call_after_the_others_ended(tmp_path):
    job = "echo reason JOB; sleep 0.3; test JOB -ne 2"
    with pytest.raises(JobFailed, match=r"1 of 3 jobs failed; the end of .*x\.2\.log") as failure:
        launch(
            "JOB=1:3",
            tmp_path / "x.JOB.log",
            *job.split(),
        )
    assert "reason 2" in str(failure.value)
    assert "# Ended (code 1)" in (tmp_path / "x.2.log").read_text()
    assert "# Ended (code 0)" in (tmp_path / "x.3.log").read_text()


def test_a_failure_inside_a_pipe_counts(tmp_path):
    with pytest.raises(JobFailed):
        launch(tmp_path / "x.log", "false", "|", "true")


@pytest.mark.parametrize(("limit", "together"), [(1, 1), (2, 2)])
def test_max_jobs_run_bounds_parallelism(tmp_path, limit, together):
    stamps = tmp_path / "running"
    stamps.mkdir()
    count = f"touch {stamps}/JOB; ls {stamps} | wc -l; sleep 0.3; rm {stamps}/JOB"
    launch("--max_jobs_run", limit, "JOB=1:4", tmp_path / "x.JOB.log", *count.split())
    seen = [int((tmp_path / f"x.{n}.log").read_text().splitlines()[3]) for n in range(1, 5)]
    assert max(seen) == together


def test_main_exits_with_1_and_shows_the_tail(tmp_path):
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path / "x.log"), "echo", "gone wrong;", ";", "exit", "3"])
    assert end.value.code.startswith("error: 1 of 1 jobs failed")
    assert end.value.code.endswith("\ngone wrong;")


def started_launcher(tmp_path, prefix=(), hang_up=signal.SIG_DFL):
    def set_signals():
        # Tests started in a shell's background inherit an ignored SIGINT; under nohup, also SIGHUP.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, hang_up)

    sleeper = f"echo $$ > {tmp_path}/pid; sleep 60"
    process = subprocess.Popen(
        [*prefix, sys.executable, "-m", "espnet_kd.bin.run_jobs", str(tmp_path / "x.log")]
        + sleeper.split(),
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
        preexec_fn=set_signals,
    )
    pid_file = tmp_path / "pid"
    wait_for(lambda: pid_file.exists() and pid_file.read_text().strip())
    return process, int(pid_file.read_text())


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().split()[2] != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_jobs(tmp_path, number):
    launcher, job = started_launcher(tmp_path)
    launcher.send_signal(number)
    assert launcher.wait(30) == 130
    wait_for(lambda: not is_alive(job))
    assert "# Ended (code -15)" in (tmp_path / "x.log").read_text()


def test_under_nohup_a_lost_connection_stops_nothing(tmp_path):
    launcher, job = started_launcher(tmp_path, hang_up=signal.SIG_IGN)
    launcher.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        launcher.wait(1)
    assert is_alive(job)
    launcher.terminate()
    assert launcher.wait(30) == 130


def test_jobs_stop_when_the_caller_is_killed(tmp_path):
    caller, job = started_launcher(tmp_path, ["bash", "-c", '"$@"; true', "caller"])
    caller.kill()
    caller.wait()
    wait_for(lambda: not is_alive(job))
