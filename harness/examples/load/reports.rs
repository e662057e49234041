//! Reports of IGMPv3 and MLDv2 as one host sends them: as many records in a packet as fit.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv6::Ipv6Header;
use castnet::wire::{igmp, ipv4, mld};

use super::rig::{Family, HOST_4, HOST_6};

/// Records of a packet of 1,500 octets, as Linux fills it.
const RECORDS_4: u32 = 183;
const RECORDS_6: u32 = 72;

/// The group with this number.
pub(super) fn group(family: Family, number: u32) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::from(u32::from(Ipv4Addr::new(239, 1, 0, 1)) + number).into(),
        Family::Ipv6 => {
            let first = Ipv6Addr::new(0xff1e, 0, 0, 0, 0, 0, 1, 1);
            Ipv6Addr::from(u128::from(first) + u128::from(number)).into()
        }
    }
}

/// The packets by which a host joins these groups.
pub(super) fn joining(family: Family, numbers: Range<u32>) -> Vec<Vec<u8>> {
    let size = if family == Family::Ipv4 { RECORDS_4 } else { RECORDS_6 };
    let starts = numbers.clone().step_by(size as usize);
    starts.map(|start| packet(family, start..numbers.end.min(start + size))).collect()
}

fn packet(family: Family, numbers: Range<u32>) -> Vec<u8> {
    let groups = numbers.map(|number| group(family, number));
    match family {
        Family::Ipv4 => {
            use igmp::{GroupRecord, Message, RecordKind, V3Report};
            let record = |group| match group {
                IpAddr::V4(group) => Some(GroupRecord::new(RecordKind::ToEx, group, vec![])),
                IpAddr::V6(_) => None,
            };
            let message = Message::V3Report(V3Report::new(groups.filter_map(record).collect()));
            ipv4::encode_igmp(HOST_4, Ipv4Addr::new(224, 0, 0, 22), &message).unwrap()
        }
        Family::Ipv6 => {
            use mld::{GroupRecord, Message, RecordKind, V2Report};
            let record = |group| match group {
                IpAddr::V6(group) => Some(GroupRecord::new(RecordKind::ToEx, group, vec![])),
                IpAddr::V4(_) => None,
            };
            let message = Message::V2Report(V2Report::new(groups.filter_map(record).collect()));
            let (source, destination) = (HOST_6, Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16));
            let payload = message.encode(Ends { source, destination }).unwrap();
            Ipv6Header::mld(source, destination).encode(&payload).unwrap()
        }
    }
}
