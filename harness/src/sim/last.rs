//! What was made of the packet that was looked at last: neighbours are handed the same one, one after
//! the other, and the first of them does the work for all.

use std::rc::Rc;

/// The last packet, and what was made of it.
#[derive(Clone, Debug)]
pub(super) struct Last<T>(Option<(Rc<[u8]>, T)>);

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Last<T> {
    /// What `make` makes of the packet; it is not asked again for the very same one.
    pub(super) fn of(&mut self, packet: &Rc<[u8]>, make: impl FnOnce(&[u8]) -> T) -> T {
        // It is held, so that nothing else can be where it is.
        if let Some((last, made)) = &self.0
            && Rc::ptr_eq(last, packet)
        {
            return made.clone();
        }
        let made = make(packet);
        self.0 = Some((packet.clone(), made.clone()));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_octets_elsewhere_are_another_packet() {
        let (one, same): (Rc<[u8]>, Rc<[u8]>) = ([7].into(), [7].into());
        let (mut last, mut asked) = (Last::default(), 0);
        for packet in [&one, &one.clone(), &same, &one] {
            let made = last.of(packet, |octets| {
                asked += 1;
                octets[0]
            });
            assert_eq!(made, 7);
        }
        assert_eq!(asked, 3);
    }
}
