//! Caches the result for the last packet: neighbours get the same packet one after the other, so
//! the work is done once.

use std::rc::Rc;

/// The last packet, and its result.
#[derive(Clone, Debug)]
pub(super) struct Last<T>(Option<(Rc<[u8]>, T)>);

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Last<T> {
    /// The result for the packet; `make` runs only if the packet is not the last one.
    pub(super) fn of(&mut self, packet: &Rc<[u8]>, make: impl FnOnce(&[u8]) -> T) -> &T {
        // The cache holds the packet, so no other packet can have its address.
        if self.0.as_ref().is_some_and(|(last, _)| !Rc::ptr_eq(last, packet)) {
            self.0 = None;
        }
        let (_, made) = self.0.get_or_insert_with(|| (packet.clone(), make(packet)));
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
            assert_eq!(*made, 7);
        }
        assert_eq!(asked, 3);
    }
}
