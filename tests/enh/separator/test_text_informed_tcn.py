"""The teacher's separator: compared with ESPnet's, its text, prior and auxiliary losses."""

import pytest
import torch


def batch(frames=50, characters=6):
    code, lengths = torch.randn(2, frames, 16).relu(), torch.tensor([frames, frames - 7])
    additional = {
        "text": torch.randint(1, 7, (2, characters)),
        "text_lengths": torch.tensor([characters, characters - 2]),
        "align": torch.arange(characters).repeat(2, 1) * 5.0,
        "num_samples": 10 * lengths,
        "sample_rate": 16000,
    }
    return code, lengths, additional


def other_text(additional):
    return {**additional, "text": (additional["text"] + 2) % 7}


@pytest.mark.parametrize("stride", [1, 8])
def test_zero_init_with_a_baseline_is_the_baseline(make_teacher, make_baseline, stride):
    baseline = make_baseline()
    teacher = make_teacher(fusion={"zero_init": True, "query_stride": stride}, prior_width=40.0)
    missing = teacher.load_state_dict(baseline.state_dict(), strict=False)
    assert not missing.unexpected_keys
    assert {key.split(".")[0] for key in missing.missing_keys} == {"text_encoder", "fusion"}
    code, _, additional = batch()
    lengths = torch.full((2,), code.size(1))  # the output of ESPnet's separator depends on padding
    expected, expected_lengths, others = baseline(code, lengths)
    found, found_lengths, found_others = teacher(code, lengths, additional)
    assert len(found) == len(expected) == 1
    torch.testing.assert_close(found[0], expected[0])
    assert torch.equal(found_lengths, expected_lengths)
    torch.testing.assert_close(found_others["mask_spk1"], others["mask_spk1"])


def test_mask_multiplies_the_unfused_code(make_teacher):
    code, lengths, additional = batch()
    masked, _, others = make_teacher()(code, lengths, additional)
    expected = code * others["mask_spk1"]
    assert torch.equal(masked[0][0], expected[0])
    assert torch.equal(masked[0][1, : lengths[1]], expected[1, : lengths[1]])
    assert (masked[0][1, lengths[1] :] == 0).all()


def test_without_text_it_is_the_audio_part(make_teacher, make_baseline):
    teacher = make_teacher(prior_width=40.0, guided_attention=True, use_text=False).train()
    assert teacher.auxiliary_losses == []
    teacher.load_state_dict(make_baseline().state_dict())
    code, lengths, additional = batch()
    found = teacher(code, lengths, None)
    assert "auxiliary_losses" not in found[2]
    torch.testing.assert_close(found[0], teacher(code, lengths, other_text(additional))[0])
    lengths = torch.full((2,), code.size(1))
    expected = make_baseline()
    expected.load_state_dict(teacher.state_dict())
    torch.testing.assert_close(teacher(code, lengths)[0][0], expected(code, lengths)[0][0])


@pytest.mark.parametrize("additional", [None, {}, {"text": None}])
def test_text_is_needed(make_teacher, additional):
    code, lengths, _ = batch()
    with pytest.raises(ValueError, match="transcript"):
        make_teacher()(code, lengths, additional)


def test_alignment_is_needed_for_the_prior(make_teacher):
    code, lengths, additional = batch()
    additional["align"] = None
    make_teacher()(code, lengths, additional)
    with pytest.raises(ValueError, match="align"):
        make_teacher(prior_width=40.0)(code, lengths, additional)


def test_prior_is_in_milliseconds(make_teacher):
    """Query 0 of 4 covers samples 0 to 159 at 16 kHz: its center is 5 ms."""
    teacher = make_teacher(fusion={"query_stride": 16}, prior_width=10.0)
    additional = {
        "align": torch.tensor([[5, 15, 25, 45]]),
        "num_samples": torch.tensor([640]),
        "sample_rate": 16000,
    }
    prior = teacher._log_prior(64, torch.tensor([64]), additional)
    distance = torch.tensor([0.0, 1.0, 2.0, 4.0])
    torch.testing.assert_close(prior[0, 0], -0.5 * distance**2)
    torch.testing.assert_close(prior[0, :, 0], -0.5 * torch.arange(4.0) ** 2)


def test_auxiliary_losses_only_in_training(make_teacher):
    code, lengths, additional = batch()
    teacher = make_teacher(
        fusion={"query_stride": 2}, guided_attention=True, auxiliary_ctc=True
    ).train()
    losses = teacher(code, lengths, additional)[2]["auxiliary_losses"]
    assert losses.keys() == {"guided_attention", "ctc"} == set(teacher.auxiliary_losses)
    for name, loss in losses.items():
        assert loss.shape == (2,)
        teacher.zero_grad()
        loss.sum().backward(retain_graph=True)
        part = teacher.ctc_head if name == "ctc" else teacher.text_encoder
        gradients = [p.grad for p in part.parameters() if p.grad is not None]
        assert gradients
        assert all(g.isfinite().all() for g in gradients)
        assert any(g.abs().max() > 0 for g in gradients)
    assert teacher.eval()(code, lengths, additional)[2]["auxiliary_losses"] == {}
    assert make_teacher().train()(code, lengths, additional)[2]["auxiliary_losses"] == {}


def test_auxiliary_losses_ignore_padding(make_teacher):
    code, lengths, additional = batch()
    teacher = make_teacher(guided_attention=True, auxiliary_ctc=True).train()
    losses = teacher(code, lengths, additional)[2]["auxiliary_losses"]
    additional["text"] = additional["text"].clone()
    additional["text"][1, 4:] = 0
    changed = teacher(code, lengths, additional)[2]["auxiliary_losses"]
    for name, loss in losses.items():
        torch.testing.assert_close(changed[name], loss)


def test_ctc_is_per_character(make_teacher):
    """It equals the loss of each utterance alone, without padding, divided by its characters."""
    code, lengths, additional = batch()
    teacher = make_teacher(auxiliary_ctc=True).train()
    found = teacher(code, lengths, additional)[2]["auxiliary_losses"]["ctc"]
    for i in range(2):
        frames, characters = lengths[i], additional["text_lengths"][i]
        log_probs = teacher.ctc_head(code[i, :frames].T).log_softmax(0).T
        alone = torch.nn.functional.ctc_loss(
            log_probs,
            additional["text"][i, :characters],
            frames[None],
            characters[None],
            reduction="sum",
        )
        torch.testing.assert_close(found[i], alone / characters)


def test_exchanged_text_changes_the_output_after_training(make_teacher):
    code, lengths, additional = batch()
    teacher = make_teacher(fusion={"zero_init": True})

    def output(extra):
        return teacher(code, lengths, extra)[0][0]

    assert torch.equal(output(additional), output(other_text(additional)))
    optimizer = torch.optim.Adam(teacher.parameters(), lr=1e-2)
    target = torch.randn_like(code)
    for _ in range(5):
        optimizer.zero_grad()
        (output(additional) - target).square().mean().backward()
        optimizer.step()
    assert (output(additional) - output(other_text(additional))).abs().max() > 1e-2


def test_ctc_in_single_precision_under_autocast(make_teacher, monkeypatch):
    seen = []
    loss = torch.nn.functional.ctc_loss
    monkeypatch.setattr(
        torch.nn.functional, "ctc_loss", lambda x, *a, **k: seen.append(x.dtype) or loss(x, *a, **k)
    )
    with torch.autocast("cpu", torch.bfloat16):
        make_teacher(auxiliary_ctc=True).train()(*batch())
    assert seen == [torch.float32]
