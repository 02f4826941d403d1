"""Titles and explanations that several pages show."""

ASR_TITLES = {
    "asr_clean": "Table 2: WER (%) with the clean-condition ASR",
    "asr_multi": "Table 3: WER (%) with the multi-style ASR",
}
DECODERS = {
    "joint": "Decoder: joint CTC/attention beam search.",
    "ctc_greedy": "Decoder: greedy CTC, without language model and attention.",
}
CONTROLS_NOTE = (
    "Controls take as many steps as what they are compared with, from the same initial weights: "
    "*baseline continued* is the student's training without pseudo-references, the *teacher "
    "without text* is the teacher's training without transcripts. A teacher that is no worse with "
    "the transcript of another utterance does not use the text."
)
OA_NOTE = (
    "OA: observation adding; the recognizer gets a sum of enhanced and noisy speech. Its weight "
    "was chosen on the development sets; see the table of weights below."
)
CLEAN_NOTE = "Clean speech (bth) was read in a booth by the speakers of the noisy sets."
