import pytest

from espnet_kd.errors import UserError
from espnet_kd.jobs.command_line import parse_request


def test_queue_options_are_ignored_and_job_range_is_read():
    options = "--gpu 1 --mem 4G --num_threads 2 --max-jobs-run 3 -V"
    request = parse_request(f"{options} K=2:5 log/K.log echo K".split())
    assert list(request.numbers) == [2, 3, 4, 5]
    assert request.max_jobs_run == 3
    assert request.log_of(4) == "log/4.log"
    assert request.shell_line_of(4) == "echo 4"


def test_single_number_and_no_range():
    assert list(parse_request(["JOB=7", "a.JOB.log", "true"]).numbers) == [7]
    request = parse_request(["a.log", "echo", "JOB"])
    assert (list(request.numbers), request.shell_line_of(1)) == ([1], "echo JOB")


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("a b", '"a b"'),
        ("", '""'),
        ('say "a b"', "'say \"a b\"'"),
        ("|", "|"),
        (">out.txt", ">out.txt"),
    ],
)
def test_words_are_quoted_as_run_pl_does(word, line):
    assert parse_request(["a.log", "cmd", word]).shell_line_of(1) == f"cmd {line}"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("JOB=1:4 same.log echo", "same.log"),
        ("JOB=4:1 a.JOB.log echo", "JOB=4:1"),
        ("only.log", "needs a log and a command"),
        ("--max_jobs_run none a.log echo", "none"),
        ("--mem", "--mem"),
    ],
)
def test_bad_calls_name_what_is_wrong(arguments, named):
    with pytest.raises(UserError, match=named):
        parse_request(arguments.split())
