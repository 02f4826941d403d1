from espnet_kd.jobs.status import PLAIN_WIDTH, StatusLine, newest_line


def test_newest_line_is_the_last_state_of_a_progress_bar(tmp_path):
    log = tmp_path / "x.log"
    log.write_text("# header\n 10%|x\r 20%|xx\n\n")
    assert newest_line(log) == "20%|xx"
    log.write_text("")
    assert newest_line(log) == ""


def test_plain_lines_are_printed_at_intervals(tmp_path, capsys):
    log = tmp_path / "train.log"
    log.write_text("epoch 1 " + "x" * 500)
    status = StatusLine(total=3, every=0.0)
    status.done = 1
    status.show(log)
    line = capsys.readouterr().err
    assert line.startswith("  train.log 1/3 (0 s): epoch 1 xxx")
    assert len(line) == PLAIN_WIDTH + 1
    status = StatusLine(total=3, every=60.0)
    status.show(log)
    assert capsys.readouterr().err == ""
