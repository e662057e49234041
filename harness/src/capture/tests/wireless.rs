//! Frames of 802.11 octet by octet, as IEEE 802.11-2016 section 9.2 and <https://www.radiotap.org> have
//! them.

use castnet::addr::Family;

use super::link::{LEAVE, inspected, leave};
use crate::capture::link::{LinkType, Unread, open};

/// The sender of the packet.
const STATION: [u8; 6] = [2, 0, 0, 0, 0, 9];
const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 1];
const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

/// A header with these addresses, and `more` behind them.
fn header(control: [u8; 2], addresses: [[u8; 6]; 3], more: &[u8]) -> Vec<u8> {
    let sequence = [0x10, 0];
    [&control[..], &[0, 0], &addresses.concat(), &sequence, more].concat()
}

fn data(header: &[u8]) -> Vec<u8> {
    [header, &SNAP, &leave()].concat()
}

#[test]
fn a_data_frame_gives_its_packet_and_its_sender_whichever_way_it_goes() {
    let [me, to] = [STATION, OTHER];
    for header in [
        header([0x08, 0], [to, me, to], &[]),
        header([0x08, 1], [to, me, to], &[]),
        header([0x08, 2], [to, to, me], &[]),
        header([0x08, 3], [to, to, to], &me),
        // With a field for its quality of service, and one for high throughput.
        header([0x88, 1], [to, me, to], &[0, 0]),
        header([0x88, 0x81], [to, me, to], &[0, 0, 0, 0, 0, 0]),
        header([0x88, 3], [to, to, to], &[&me[..], &[0, 0]].concat()),
    ] {
        let seen = inspected(LinkType(105), &data(&header));
        assert_eq!((seen.to_string().as_str(), seen.source), (LEAVE, Some(me)), "{header:x?}");
        for cut in 0..header.len() {
            assert!(open(LinkType(105), &header[..cut]).is_err(), "{cut} of {header:x?}");
        }
    }
}

#[test]
fn what_the_card_tells_is_taken_off() {
    let plain = data(&header([0x08, 1], [OTHER, STATION, OTHER], &[]));
    let qos = header([0x88, 1], [OTHER, STATION, OTHER], &[0, 0]);
    let padded = data(&[&qos[..], &[0, 0]].concat());
    let ppi = [&[0, 0, 8, 0][..], &105_u32.to_le_bytes(), &plain].concat();
    let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 12][..], &[0; 4], &plain].concat();
    for (link_type, frame) in [
        (127, [&[0, 0, 8, 0, 0, 0, 0, 0][..], &plain].concat()),
        // Flags, and flags behind a time, that say nothing of padding.
        (127, [&[0, 0, 9, 0, 2, 0, 0, 0, 0x10][..], &plain].concat()),
        (127, [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[0x20; 8], &[0x10], &plain].concat()),
        (127, [&[0, 0, 9, 0, 2, 0, 0, 0, 0x20][..], &padded].concat()),
        // A second word of what is there comes before the values.
        (127, [&[0, 0, 13, 0, 2, 0, 0, 0x80, 0, 0, 0, 0, 0x20][..], &padded].concat()),
        (119, [&[0; 144][..], &plain].concat()),
        (119, avs.clone()),
        (163, avs),
        (192, ppi),
    ] {
        assert_eq!(inspected(LinkType(link_type), &frame).to_string(), LEAVE, "{frame:x?}");
    }
    let nflog = [&[2, 0, 0, 5][..], &[5, 0, 10, 0, 7, 0, 0, 0], &[36, 0, 9, 0], &leave()].concat();
    assert_eq!(inspected(LinkType::NFLOG, &nflog).to_string(), LEAVE);
    assert_eq!(open(LinkType::NFLOG, &nflog[..11]), Err(Unread::Short));
}

#[test]
fn what_cannot_be_read_is_never_taken_for_absent() {
    let of = |control, more: &[u8]| {
        inspected(LinkType(105), &data(&header(control, [OTHER, STATION, OTHER], more)))
    };
    for (seen, why) in [
        (of([0x08, 0x41], &[]), "an encrypted frame of 802.11"),
        (of([0x08, 0x05], &[]), "a fragment of 802.11"),
        (of([0x88, 1], &[0x80, 0]), "a frame of 802.11 with several packets in it"),
    ] {
        assert!(seen.to_string().ends_with(why), "{seen}");
        assert_eq!(seen.hides(Family::V4), Some("802.11 encrypts or splits them"));
    }
    // A beacon, and a frame that only tells that a station sleeps, carry nothing.
    for control in [[0x80, 0], [0x48, 1]] {
        let seen = of(control, &[]);
        assert_eq!(seen.hides(Family::V4), None, "{seen}");
        assert!(seen.to_string().starts_with("EtherType 0xffff"), "{seen}");
    }
}
