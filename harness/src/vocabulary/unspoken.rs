//! Words of protocols that castnet does not speak yet.
//!
//! An author who writes one knows its meaning, so the answer is that castnet does not speak the
//! protocol, and never a suggestion of a word with a similar spelling.

/// The answer to a word: the message, and the text at the caret.
pub type Answer = (&'static str, &'static str);

const SOURCE_QUERY: Answer =
    ("castnet has another word for this packet of IGMPv3", "it is a `source-query`");
const STATE_REPORT: Answer = (
    "castnet has no kind of its own for this packet of IGMPv3",
    "it is a `v3-report` with `record`",
);
const PIM: Answer = ("castnet does not speak this part of PIM yet", "a word of PIM");
const DEVICE: Answer = (
    "software of others is what a router runs",
    "it stands behind `device`: { role = \"router\", device = \"frr\" }",
);

/// Whole words, each with the answer for its protocol.
const WORDS: &[(&[&str], Answer)] = &[
    (&["bsr", "bootstrap", "hello-period", "hello-holdtime"], PIM),
    (&["triggered-hello-delay", "graft", "graft-ack", "state-refresh"], PIM),
    (&["join-prune-period", "join-prune-holdtime", "t-periodic"], PIM),
    (&["t-suppressed", "t-override", "override-interval", "propagation-delay"], PIM),
    (&["assert-time", "assert-override-interval", "register", "register-stop"], PIM),
    (&["null-register", "register-suppression-time", "register-probe-time"], PIM),
    (&["rp-address", "candidate-rp", "candidate-rp-advertisement", "spt-switchover"], PIM),
    (&["group-and-source-specific-query", "source-specific-query"], SOURCE_QUERY),
    (&["group-source-query"], SOURCE_QUERY),
    (&["state-change-report", "current-state-report"], STATE_REPORT),
    (&["device", "devices", "frr", "pimd", "smcroute", "bird"], DEVICE),
];

/// The parts of compound words, each with the answer for its protocol.
const PARTS: &[(&str, Answer)] = &[("pim", PIM)];

/// The answer to a word of a protocol that castnet does not speak; `None` for any other word.
#[must_use]
pub fn answer(word: &str) -> Option<Answer> {
    // RFC 7761 writes `Hello_Period`.
    let word = word.to_ascii_lowercase().replace('_', "-");
    let whole = WORDS.iter().find(|(words, _)| words.contains(&word.as_str()));
    let part = || {
        let mut parts = word.split('-');
        parts.find_map(|part| PARTS.iter().find(|(known, _)| *known == part))
    };
    whole.map(|(_, answer)| *answer).or_else(|| part().map(|(_, answer)| *answer))
}
