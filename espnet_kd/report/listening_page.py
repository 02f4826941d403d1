"""An HTML page for listening to the same utterances processed by several systems."""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

import numpy as np
import scipy.signal
import soundfile
from matplotlib.figure import Figure

from espnet_kd.data.audio import SAMPLE_RATE, read_any_samples
from espnet_kd.data.waves import FULL_SCALE
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_text
from espnet_kd.progress import progress
from espnet_kd.report.markdown import set_title, system_title

RANGE_DB = 70
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Listen</title>
<style>
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
.systems { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
figure { margin: 0; }
audio, img { width: 100%; }
</style>
</head>
<body>
<h1>Listen</h1>
<p>Levels are not normalized. Spectrograms show 0 to 8 kHz, with the same color scale for all
systems of one utterance.</p>
$utterances
</body>
</html>
""")
_UTTERANCE = Template("""<section>
<h2>$set: $name</h2>
<p>$text</p>
<div class="systems">
$clips
</div>
</section>
""")
_CLIP = Template("""<figure>
<figcaption>$system</figcaption>
<img alt="Spectrogram: $system, $name" src="data:image/png;base64,$picture">
<audio controls preload="none" src="data:audio/wav;base64,$sound"></audio>
</figure>
""")


def write_listening_page(
    sets: Sequence[str], systems: Mapping[str, str], count: int, out: str | os.PathLike
) -> None:
    """Write a self-contained HTML page.

    Args:
        sets: set directories with `text`.
        systems: system -> path of its list of audio files, with `{set}` in place of the set name.
            A system that has no list for a set is left out for that set.
        count: number of utterances from each set, evenly spread over its utterance IDs.
        out: HTML file to write.

    Raises:
        UserError: no system has audio for a set, or files cannot be read.
    """
    chosen = [
        (set_dir, name, text)
        for set_dir in map(Path, sets)
        for name, text in _spread(read_columns(set_dir / "text"), count)
    ]
    sections = [
        _utterance(set_dir, name, text, systems)
        for set_dir, name, text in progress(chosen, "listening page")
    ]
    write_text(out, _PAGE.substitute(utterances="\n".join(sections)))


def _spread(texts: Mapping[str, str], count: int) -> list[tuple[str, str]]:
    items = list(texts.items())
    places = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[place] for place in places]


def _utterance(set_dir: Path, name: str, text: str, systems: Mapping[str, str]) -> str:
    waves = {}
    for system, template in systems.items():
        scp = Path(template.format(set=set_dir.name))
        if scp.exists():
            paths = read_columns(scp)
            if name not in paths:
                raise UserError(
                    scp, f"lacks '{name}', which is in {set_dir}", "enhance the set again"
                )
            waves[system] = read_any_samples(paths[name])
    if not waves:
        raise UserError(set_dir, f"no system has audio for '{name}'", "enhance the set first")
    levels = {system: _spectrogram(wave) for system, wave in waves.items()}
    top = max(level.max() for level in levels.values())
    clips = [
        _CLIP.substitute(
            system=html.escape(system_title(system)),
            name=html.escape(name),
            picture=_picture(levels[system], top),
            sound=_sound(wave),
        )
        for system, wave in waves.items()
    ]
    return _UTTERANCE.substitute(
        set=html.escape(set_title(set_dir.name)),
        name=html.escape(name),
        text=html.escape(text),
        clips="".join(clips),
    )


def _spectrogram(wave: np.ndarray) -> np.ndarray:
    """Return levels in dB (frequencies, frames) of samples (T,)."""
    size = min(512, len(wave))
    _, _, power = scipy.signal.spectrogram(
        wave / FULL_SCALE, SAMPLE_RATE, nperseg=size, noverlap=size * 3 // 4
    )
    return 10 * np.log10(power + 1e-16)


def _picture(levels: np.ndarray, top: float) -> str:
    figure = Figure(figsize=(4, 2))
    panel = figure.add_axes((0, 0, 1, 1))
    panel.imshow(levels, origin="lower", aspect="auto", vmin=top - RANGE_DB, vmax=top)
    panel.axis("off")
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=90)
    return base64.b64encode(data.getvalue()).decode("ascii")


def _sound(wave: np.ndarray) -> str:
    data = io.BytesIO()
    soundfile.write(data, wave, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return base64.b64encode(data.getvalue()).decode("ascii")
