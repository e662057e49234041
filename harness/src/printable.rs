//! Text of strangers, as it may be shown: titles, reasons, names of files and interfaces, what a
//! program has printed.
//!
//! A terminal obeys control characters, and marks of direction make text look like other text, in
//! HTML too; XML takes neither. All of them are shown as escapes: `\u{1b}`, `\u{202e}`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character must not reach a reader as it is.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Marks of direction.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // What is invisible, or ends a line unseen.
            | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            // What is no character of XML.
            | '\u{fffe}' | '\u{ffff}')
}

/// Text of one line.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful, |c, to| to.extend(c.escape_default()))
}

/// Text of several lines, with tabs.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    let is_harmful = |c| is_harmful(c) && !matches!(c, '\n' | '\t');
    escaped(text, is_harmful, |c, to| to.extend(c.escape_default()))
}

/// Lines in which castnet has set colours itself; what comes from strangers in them was made
/// printable before.
#[must_use]
pub fn coloured(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        let length = after.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(after.len());
        shown.push_str(&lines(before));
        let (codes, behind) = after.split_at(length);
        match behind.strip_prefix('m') {
            Some(behind) => {
                _ = write!(shown, "\u{1b}[{codes}m");
                rest = behind;
            }
            None => {
                shown.push_str("\\u{1b}[");
                rest = after;
            }
        }
    }
    shown + &lines(rest)
}

/// A JSON document that means the same, with the escapes of JSON.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    let is_harmful = |c| is_harmful(c) && !matches!(c, '\n' | '\t' | '\r');
    escaped(document, is_harmful, |c, to| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            _ = write!(to, "\\u{unit:04x}");
        }
    })
}

/// A JSON document whose strings are printable once they are read: for a page that shows them.
/// Line ends in strings stay.
#[must_use]
pub fn json_to_show(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    let mut rest = document;
    while let Some((before, after)) = rest.split_once('\\') {
        shown.push_str(before);
        let code = after.strip_prefix('u').and_then(|hex| hex.get(..4));
        let code = code.and_then(|hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?));
        let short = match after.chars().next() {
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('r') => Some('\r'),
            _ => None,
        };
        let length = match code.or(short) {
            Some(c) if is_harmful(c) => {
                _ = write!(shown, "\\\\u{{{:x}}}", u32::from(c));
                if short.is_some() { 1 } else { 5 }
            }
            _ => {
                let length = after.chars().next().map_or(0, char::len_utf8);
                shown.push('\\');
                shown.push_str(&after[..length]);
                length
            }
        };
        rest = &after[length..];
    }
    shown.push_str(rest);
    let is_harmful = |c| is_harmful(c) && !matches!(c, '\n' | '\t' | '\r');
    let escape = |c: char, to: &mut String| _ = write!(to, "\\\\u{{{:x}}}", u32::from(c));
    escaped(&shown, is_harmful, escape).into_owned()
}

/// A word for a shell, which reads it as this text. A word that looks like an option is a path.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let text = if text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    if !text.contains(is_harmful) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut word = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\'' | '\\' => word.extend(['\\', c]),
            c if !is_harmful(c) => word.push(c),
            c if c.is_ascii() => _ = write!(word, "\\x{:02x}", u32::from(c)),
            c => _ = write!(word, "\\U{:08x}", u32::from(c)),
        }
    }
    word + "'"
}

fn escaped(
    text: &str,
    is_harmful: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(&is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) { escape(c, &mut shown) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// Anything, with much of what harms.
    fn anything() -> impl Strategy<Value = String> {
        let some = prop_oneof![
            any::<char>(),
            any::<char>(),
            proptest::char::range('\0', '\u{a0}'),
            proptest::char::range('\u{2000}', '\u{2070}'),
            Just('\u{1b}'),
            Just('['),
            Just('\\'),
            Just('\''),
        ];
        proptest::collection::vec(some, 0..40).prop_map(String::from_iter)
    }

    /// Said in other words than in the code: by categories, and by name.
    fn harms(c: char) -> bool {
        let code = u32::from(c);
        let direction = [0x061c, 0x200e, 0x200f];
        code < 0x20
            || (0x7f..0xa0).contains(&code)
            || direction.contains(&code)
            || (0x202a..0x202f).contains(&code)
            || (0x2066..0x206a).contains(&code)
    }

    proptest! {
        #[test]
        fn nothing_that_harms_is_left(text in anything()) {
            prop_assert!(!line(&text).contains(harms));
            prop_assert!(!lines(&text).contains(|c| harms(c) && !"\n\t".contains(c)));
            // Of escapes only those that set colours are left.
            let coloured = coloured(&text);
            for (at, _) in coloured.match_indices('\u{1b}') {
                let code = coloured[at..].strip_prefix("\u{1b}[").unwrap();
                let end = code.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap();
                prop_assert!(code[end..].starts_with('m'));
            }
            let rest = coloured.replace('\u{1b}', "");
            prop_assert!(!rest.contains(|c| harms(c) && !"\n\t".contains(c)));
        }

        #[test]
        fn what_does_not_harm_stays_as_it_is(text in "[ -~äöü→日本]{0,40}") {
            prop_assert_eq!(line(&text), text.as_str());
            prop_assert_eq!(coloured(&text), text.as_str());
        }

        #[test]
        fn a_json_document_means_the_same(text in anything()) {
            let document = serde_json::to_string(&[&text]).unwrap();
            let printable = json(&document);
            prop_assert!(!printable.contains(harms));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&printable).unwrap(), [text]);
        }

        #[test]
        fn a_page_shows_what_is_printable(text in anything()) {
            let document = serde_json::to_string(&[&text]).unwrap();
            let read: Vec<String> = serde_json::from_str(&json_to_show(&document)).unwrap();
            let is_left = read[0].contains(|c| harms(c) && !"\n\t".contains(c));
            prop_assert!(!is_left);
            let kept: String = text.chars().filter(|c| !harms(*c)).collect();
            if !text.contains(is_harmful) {
                prop_assert_eq!(&read[0], &kept);
            }
        }
    }

    #[test]
    fn a_shell_reads_back_what_it_is_given() {
        let mut words: Vec<String> = [
            "a/b.toml",
            "with blank",
            "it's",
            "$(rm x)",
            "`x`",
            "*",
            "~",
            "",
            "a\nb",
            "\u{1b}[31m",
        ]
        .map(str::to_owned)
        .to_vec();
        words.extend(["\u{202e}txt", "a'\u{1b}\\'b", "x;y&z|#!", "\u{9b}31m"].map(str::to_owned));
        for word in words {
            let quoted = shell_word(&word);
            assert!(!quoted.contains(harms), "{quoted:?}");
            let script = format!("printf %s {quoted}");
            let output =
                Command::new("bash").env("LC_ALL", "C.UTF-8").args(["-c", &script]).output();
            let output = output.unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word, "{quoted}");
        }
        assert_eq!(shell_word("scenarios/x.toml"), "scenarios/x.toml");
        assert_eq!(shell_word("-rf"), "./-rf");
    }
}
