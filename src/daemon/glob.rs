//! Names of interfaces with wildcards, as in a shell: `*` stands for any characters, `?` for one.

/// Whether the name has wildcards.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// Whether the pattern stands for the name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = name.chars();
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            let pattern = &pattern[1..];
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.any(|at| matches(pattern, &name[at..]))
        }
        Some(first) => {
            let found = rest.next();
            let fits = found.is_some_and(|found| first == '?' || first == found);
            fits && matches(&pattern[first.len_utf8()..], rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_and_a_question_mark_for_one() {
        for (pattern, name, fits) in [
            ("eth*", "eth0", true),
            ("eth*", "eth", true),
            ("eth*", "veth0", false),
            ("*", "lo", true),
            ("e?h0", "eth0", true),
            ("eth?", "eth10", false),
            ("eth?", "eth", false),
            ("*.1*", "eth0.100", true),
            ("w*0*1", "wlan0p1", true),
            ("w*0*1", "wlan0p2", false),
            ("eth0", "eth0", true),
            ("eth0", "eth01", false),
            ("?", "ü", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        assert!(is_pattern("eth*") && is_pattern("e?") && !is_pattern("eth0"));
    }
}
