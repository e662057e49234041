//! Words of protocols that castnet does not speak yet.
//!
//! An author who writes one knows its meaning, so the answer is that castnet does not speak the
//! protocol, and never a suggestion of a word with a similar spelling.

/// The answer to a word: the message, and the text at the caret.
pub type Answer = (&'static str, &'static str);

/// The answer to an address, a network or a group of IPv6.
pub const IPV6: Answer = ("castnet does not speak IPv6 yet", "an address of IPv6");

/// The answer to version 3 of IGMP where castnet would have to speak it.
pub const IGMPV3: Answer = ("castnet does not speak IGMPv3 yet", "1 or 2");

const MLD: Answer = ("castnet does not speak MLD yet", "a word of MLD");
const PIM: Answer = ("castnet does not speak PIM yet", "a word of PIM");
const FAMILY: Answer = ("castnet does not speak IPv6 yet", "every scenario is of IPv4");
const DEVICE: Answer = ("castnet runs no other routers than its own yet", "a router is castnet's");
const SOURCES: Answer = ("castnet's hosts do not choose sources yet", "a word of IGMPv3 and MLDv2");

/// Whole words, each with the answer for its protocol.
const WORDS: &[(&[&str], Answer)] = &[
    (&["mldv1", "mldv2", "multicast-listener-query", "multicast-listener-report"], MLD),
    (&["done", "listener-query", "listener-report", "last-listener-query-interval"], MLD),
    (&["last-listener-query-count"], MLD),
    (&["assert", "bsr", "bootstrap", "hello", "hello-period", "join-prune", "prune"], PIM),
    (&["join-prune-period", "join-prune-holdtime", "register", "register-stop", "rp"], PIM),
    (&["rp-address", "candidate-rp", "dr-priority", "spt-switchover"], PIM),
    (&["family", "ipv6"], FAMILY),
    (&["device", "frr", "pimd", "smcroute", "bird"], DEVICE),
    (&["speaks", "exclude", "include"], SOURCES),
];

/// The parts of compound words, each with the answer for its protocol.
const PARTS: &[(&str, Answer)] = &[("mld", MLD), ("mldv1", MLD), ("mldv2", MLD), ("pim", PIM)];

/// The answer to a word of a protocol that castnet does not speak; `None` for any other word.
#[must_use]
pub fn answer(word: &str) -> Option<Answer> {
    let word = word.to_ascii_lowercase();
    let whole = WORDS.iter().find(|(words, _)| words.contains(&word.as_str()));
    let part = || {
        let mut parts = word.split(['-', '_']);
        parts.find_map(|part| PARTS.iter().find(|(known, _)| *known == part))
    };
    whole.map(|(_, answer)| *answer).or_else(|| part().map(|(_, answer)| *answer))
}
