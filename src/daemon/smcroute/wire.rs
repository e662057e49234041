//! What is said over the control socket of smcroute: messages of a verb and words, in the layout that a C
//! program of this machine writes.
//!
//! A message is its length (`size_t`), the letter of the verb and the number of words (`u16` each), padded
//! as the compiler pads it, then each word with a zero octet at its end, and one more. An answer is text
//! with a zero octet at its end, and then the connection ends; nothing else says that it was done.

/// The octets before the words.
const HEAD: usize = 2 * size_of::<usize>();

/// The most octets of a message.
pub const LONGEST: usize = 1024;

/// The most words of a message.
const MOST_WORDS: usize = 35;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The letter of what is asked.
    pub verb: char,
    /// What belongs to it.
    pub words: Vec<String>,
}

/// What octets hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Held {
    /// Less than a message.
    Part,
    /// A message, and how many octets it takes.
    Whole(Message, usize),
    /// No message, whatever follows.
    Nonsense,
}

impl Message {
    /// Its octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut words: Vec<u8> = Vec::new();
        for word in &self.words {
            words.extend(word.bytes().filter(|octet| *octet != 0));
            words.push(0);
        }
        words.push(0);
        let mut octets = (HEAD + words.len()).to_ne_bytes().to_vec();
        // Verbs are letters of ASCII, and no message has so many words.
        octets.extend((self.verb as u16).to_ne_bytes());
        octets.extend((self.words.len() as u16).to_ne_bytes());
        octets.resize(HEAD, 0);
        octets.extend(words);
        octets
    }

    /// The message that octets begin with.
    #[must_use]
    pub fn decode(octets: &[u8]) -> Held {
        let number = size_of::<usize>();
        let Some((length, rest)) = octets.split_first_chunk::<{ size_of::<usize>() }>() else {
            return Held::Part;
        };
        let length = usize::from_ne_bytes(*length);
        if !(HEAD + 1..=LONGEST).contains(&length) {
            return Held::Nonsense;
        }
        if octets.len() < length {
            return Held::Part;
        }
        let two = |at: usize| u16::from_ne_bytes([rest[at], rest[at + 1]]);
        let (verb, count) = (two(0), usize::from(two(2)));
        let body = &rest[HEAD - number..length - number];
        let words: Option<Vec<String>> = body
            .split(|octet| *octet == 0)
            .take(count)
            .map(|word| String::from_utf8(word.to_vec()).ok())
            .collect();
        let is_ended = body.iter().filter(|octet| **octet == 0).count() > count;
        match (char::from_u32(verb.into()), words) {
            (Some(verb), Some(words)) if count <= MOST_WORDS && is_ended => {
                Held::Whole(Self { verb, words }, length)
            }
            _ => Held::Nonsense,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What smcroutectl 2.5.6 of Debian sent for `add e0 10.0.0.8 239.1.1.2 e1` on a machine of 64 bits.
    #[cfg(all(target_pointer_width = "64", target_endian = "little"))]
    const ADD: &[u8] = b"\x2a\0\0\0\0\0\0\0\x61\0\x04\0\0\0\0\0e0\x0010.0.0.8\x00239.1.1.2\0e1\0\0";

    fn message(verb: char, words: &[&str]) -> Message {
        Message { verb, words: words.iter().map(|&word| word.to_owned()).collect() }
    }

    #[cfg(all(target_pointer_width = "64", target_endian = "little"))]
    #[test]
    fn a_message_is_what_smcroutectl_sends() {
        let add = message('a', &["e0", "10.0.0.8", "239.1.1.2", "e1"]);
        assert_eq!(add.encode(), ADD);
        assert_eq!(Message::decode(ADD), Held::Whole(add, ADD.len()));
        let flush = [17, 0, 0, 0, 0, 0, 0, 0, b'F', 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Message::decode(&flush), Held::Whole(message('F', &[]), 17));
    }

    #[test]
    fn a_part_is_waited_for_and_nonsense_is_not() {
        let show = message('s', &["routes"]).encode();
        for length in 0..show.len() {
            assert_eq!(Message::decode(&show[..length]), Held::Part, "{length}");
        }
        let two = [show.clone(), show.clone()].concat();
        assert_eq!(Message::decode(&two), Held::Whole(message('s', &["routes"]), show.len()));
        let mut long = show.clone();
        long[..size_of::<usize>()].copy_from_slice(&(LONGEST + 1).to_ne_bytes());
        let mut short = show.clone();
        short[..size_of::<usize>()].copy_from_slice(&HEAD.to_ne_bytes());
        let mut more = show.clone();
        more[size_of::<usize>() + 2] = 2;
        more[size_of::<usize>() + 3] = 0;
        let mut odd = show;
        odd[HEAD] = 0xff;
        for nonsense in [long, short, odd] {
            assert_eq!(Message::decode(&nonsense), Held::Nonsense);
        }
        // It says two words, and holds one.
        if cfg!(target_endian = "little") {
            let found = Message::decode(&more);
            assert!(!matches!(&found, Held::Whole(of, _) if of.words.len() == 1), "{found:?}");
        }
    }

    proptest! {
        #[test]
        fn octets_of_strangers_are_read_without_harm(octets: Vec<u8>, length in 0_usize..64) {
            _ = Message::decode(&octets);
            let mut framed = length.to_ne_bytes().to_vec();
            framed.extend(octets);
            if let Held::Whole(message, used) = Message::decode(&framed) {
                prop_assert!(used <= framed.len() && message.words.len() <= MOST_WORDS);
            }
        }
    }
}
