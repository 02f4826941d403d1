"""The weights that are published, and those that the next training starts from."""

from __future__ import annotations

import torch

from espnet_kd.distill.publish import hand_over, student_state

LOSSES = {
    "latent": {"type": "cosine", "taps": ["bottleneck"]},
    "output": {"type": "output"},
    "mixup": {"type": "latent_mixup", "taps": ["encoder"]},
}


def trained_state() -> dict[str, torch.Tensor]:
    """Return a layer of 3 inputs, its bottleneck of 2 channels, a projection, another weight."""
    prefix = "distiller.losses.latent.bottlenecks.0"
    return {
        "bottleneck.weight": torch.tensor([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]]),
        "encoder.weight": torch.ones(3),
        f"{prefix}.up.weight": torch.tensor([[1.0, 0.0], [0.0, 2.0]])[:, :, None, None],
        f"{prefix}.down.weight": torch.tensor([[0.0, 1.0], [1.0, 0.0]])[:, :, None, None],
        f"{prefix}.axis": torch.tensor(0.0),
        "distiller.losses.mixup.projections.0.weight": torch.ones(1),
    }


# down up = [[0, 2], [1, 0]]
FOLDED = torch.tensor([[[8.0], [10.0], [12.0]], [[1.0], [2.0], [3.0]]])


def test_student_alone():
    student = student_state(trained_state(), LOSSES)
    assert student.keys() == {"bottleneck.weight", "encoder.weight"}
    torch.testing.assert_close(student["bottleneck.weight"], FOLDED)


def test_kept_losses_keep_their_weights():
    state = trained_state()
    found = hand_over(state, LOSSES, ["latent", "output", "mixup"])
    assert found.keys() == state.keys()
    for key, value in state.items():
        assert torch.equal(found[key], value)


def test_other_losses_are_folded_or_removed():
    state = trained_state()
    found = hand_over(state, LOSSES, ["mixup", "new"])
    kept = {"bottleneck.weight", "encoder.weight", "distiller.losses.mixup.projections.0.weight"}
    assert found.keys() == kept
    torch.testing.assert_close(found["bottleneck.weight"], FOLDED)
    found = hand_over(state, LOSSES, ["latent"])
    assert torch.equal(found["bottleneck.weight"], state["bottleneck.weight"])
    assert "distiller.losses.mixup.projections.0.weight" not in found
