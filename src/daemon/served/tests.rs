use super::*;
use crate::kernel::{Device, Report};

fn machine(names: &[&str]) -> Devices {
    let mut devices = Devices::default();
    for (ifindex, name) in (1..).zip(names) {
        let name = (*name).to_owned();
        let device = Device {
            ifindex,
            name,
            is_up: true,
            is_running: true,
            is_multicast: true,
            carrier_losses: 0,
        };
        devices.apply(Report::Device(device));
    }
    devices
}

fn served(file: &str, devices: &[&str], before: &Served) -> Served {
    Served::choose(&ConfigFile::parse(file).unwrap(), &machine(devices), before)
}

#[test]
fn named_interfaces_are_served_whether_or_not_they_are_there() {
    let file = "[[interface]]\nname = 'wan'\n[[interface]]\nname = 'lan*'\n\
                [[interface]]\nname = 'lan1'";
    let none = Served::default();
    assert_eq!(served(file, &["lo"], &none).names, ["wan", "lan1"]);
    let all = served(file, &["lo", "lan2", "lan1", "wan", "lan3"], &none);
    assert_eq!(all.names, ["wan", "lan1", "lan2", "lan3"]);
    assert_eq!(served(file, &["lo", "lan3"], &all).names, ["wan", "lan1", "lan3"]);
}

#[test]
fn an_interface_that_is_served_makes_no_room_for_another_one() {
    let file = "[[interface]]\nname = 'wan'\n[[interface]]\nname = 'p*'";
    let names: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    let devices: Vec<&str> = names.iter().map(String::as_str).collect();
    let first = served(file, &devices[..31], &Served::default());
    assert_eq!((first.names.len(), first.left_out.len()), (32, 0));
    // The later ones stand first now.
    let mut turned = devices.clone();
    turned.reverse();
    let second = served(file, &turned, &first);
    assert_eq!(second.left_out, ["p39", "p38", "p37", "p36", "p35", "p34", "p33", "p32", "p31"]);
    let mut kept = second.names.clone();
    kept.sort();
    let mut before = first.names.clone();
    before.sort();
    assert_eq!(kept, before);
    // Room for one more.
    let third = served(file, &turned[..39], &second);
    assert_eq!((third.names.len(), third.names.contains(&"p39".to_owned())), (32, true));
}
