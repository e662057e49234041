//! Hellos, neighbours and the Designated Router (RFC 7761 section 4.3).

use super::*;

fn dr(rig: &mut Rig) -> Vec<String> {
    let news = rig.news().into_iter();
    let drs = news.filter_map(|(_, news)| match news {
        News::Dr(address) => Some(address.to_string()),
        _ => None,
    });
    drs.collect()
}

// RFC7761-4.3.1-02, RFC7761-4.3.1-03
#[test]
fn the_first_hello_comes_at_random_and_the_others_at_the_period() {
    let mut rig = Rig::new();
    rig.until(100);
    let sent: Vec<Instant> = rig.messages(LAN).into_iter().map(|(at, _)| at).collect();
    assert!(sent[0] > Instant::ZERO && sent[0] <= at(5), "{sent:?}");
    let apart: Vec<Duration> = sent.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert_eq!(apart, [secs(30); 3]);
}

// RFC7761-4.3.1-05, RFC7761-4.3.1-06, RFC7761-4.3.1-07, RFC7761-4.11-01
#[test]
fn a_hello_has_the_options_of_a_router_with_default_values() {
    let mut rig = Rig::new();
    rig.until(5);
    let [(_, Message::Hello(said))] = &rig.messages(LAN)[..] else { panic!("one Hello") };
    let [holdtime, delay, priority, HelloOption::GenerationId(_)] = &said.options[..] else {
        panic!("{said:?}")
    };
    let told = [holdtime, delay, priority].map(ToString::to_string);
    let delays = "propagation delay 500 ms, override interval 2500 ms";
    assert_eq!(told, ["holdtime 105 s", delays, "DR priority 1"]);
}

// RFC7761-4.3.1-08
#[test]
fn secondary_addresses_are_listed_without_the_primary_one() {
    let mut rig = Rig::new();
    let (own, others) = (ip("10.0.1.5"), vec![ip("10.0.1.6"), ip("10.0.1.7")]);
    rig.call(|pim, cx, _| pim.start_link(cx, vif(LAN), LinkParams::default(), own, others.clone()));
    rig.until(5);
    let [(_, Message::Hello(said))] = &rig.messages(LAN)[..] else { panic!("one Hello") };
    assert_eq!(said.options.last(), Some(&HelloOption::AddressList(others)));
}

// RFC7761-4.3.1-09
#[test]
fn a_new_neighbour_gets_a_hello_within_the_delay_and_the_period_stays() {
    let mut rig = Rig::new();
    rig.until(10);
    let first = rig.messages(LAN)[0].0;
    rig.hears_hello(LAN, "10.0.1.1", ordinary(1));
    rig.until(15);
    let [(answered, _)] = rig.messages(LAN)[..] else { panic!("one answer") };
    assert!(answered > at(10) && answered <= at(15), "{answered}");
    rig.hears_hello(LAN, "10.0.1.1", ordinary(1));
    rig.until(first.since_start().as_secs() + 31);
    let sent: Vec<Instant> = rig.messages(LAN).into_iter().map(|(at, _)| at).collect();
    assert_eq!(sent, [first + secs(30)], "a known neighbour needs no answer");
    rig.hears_hello(LAN, "10.0.1.1", ordinary(2));
    let again = rig.now.since_start().as_secs() + 5;
    rig.until(again);
    assert_eq!(rig.messages(LAN).len(), 1, "one with a new generation ID does");
}

// RFC7761-4.3.2-01, RFC7761-4.9.2-02
#[test]
fn a_neighbour_lives_for_its_holdtime() {
    let lives = |options: Vec<HelloOption>| {
        let mut rig = Rig::new();
        rig.hears_hello(LAN, "10.0.1.1", options);
        rig.until(100_000);
        let gone = |(at, say): &(Instant, Say)| {
            matches!(say, Say::News(_, News::NoNeighbour(_))).then(|| at.since_start().as_secs())
        };
        rig.said.iter().find_map(gone)
    };
    assert_eq!(lives(vec![HelloOption::Holdtime(7)]), Some(7));
    assert_eq!(lives(vec![]), Some(105));
    assert_eq!(lives(vec![HelloOption::Holdtime(0xffff)]), None);
}

// RFC7761-4.9.2-02, RFC7761-4.3.1-11
#[test]
fn a_goodbye_ends_a_neighbour_at_once_and_is_said_when_pim_stops() {
    let mut rig = Rig::new();
    rig.hears_hello(LAN, "10.0.1.9", ordinary(1));
    rig.news();
    rig.hears_hello(LAN, "10.0.1.9", vec![HelloOption::Holdtime(0)]);
    let gone = News::NoNeighbour(ip("10.0.1.9"));
    assert_eq!(rig.news(), [(vif(LAN), gone), (vif(LAN), News::Dr(ip("10.0.1.5")))]);
    rig.call(|pim, cx, facts| pim.stop_link(cx, facts, vif(LAN), true));
    let [(_, Message::Hello(said))] = &rig.messages(LAN)[..] else { panic!("one Hello") };
    assert_eq!(said.options[0], HelloOption::Holdtime(0));
}

// RFC7761-4.3.2-02, RFC7761-4.3.2-03
#[test]
fn priority_and_then_the_address_elect_the_designated_router() {
    let mut rig = Rig::with(|_| LinkParams { dr_priority: 5, ..LinkParams::default() });
    let prioritized = |priority| vec![HelloOption::DrPriority(priority)];
    assert_eq!(dr(&mut rig), ["10.0.0.5", "10.0.1.5"]);
    rig.hears_hello(LAN, "10.0.1.9", prioritized(4));
    assert_eq!(dr(&mut rig), [""; 0]);
    rig.hears_hello(LAN, "10.0.1.9", prioritized(5));
    assert_eq!(dr(&mut rig), ["10.0.1.9"]);
    rig.hears_hello(LAN, "10.0.1.1", prioritized(6));
    assert_eq!(dr(&mut rig), ["10.0.1.1"]);
    // One router without a priority, and only addresses count.
    rig.hears_hello(LAN, "10.0.1.3", vec![]);
    assert_eq!(dr(&mut rig), ["10.0.1.9"]);
    rig.hears_hello(LAN, "10.0.1.3", vec![HelloOption::Holdtime(0)]);
    assert_eq!(dr(&mut rig), ["10.0.1.1"]);
}

// RFC7761-4.9-04, RFC7761-4.9-01
#[test]
fn a_message_from_elsewhere_changes_nothing() {
    let mut rig = Rig::new();
    rig.news();
    let sound = encode(ip("10.0.1.1"), &hello(ordinary(1))).unwrap();
    let far = Header { hop_limit: 2, ..sound.header };
    assert_eq!(rig.take(LAN, far, &sound.payload), Err(Ignored::NotOneHop(2)));
    let aside = Header { destination: ip("10.0.1.5"), ..sound.header };
    let aside = rig.take(LAN, aside, &sound.payload);
    assert_eq!(aside, Err(Ignored::Misaddressed(ip("10.0.1.5"))));
    let nowhere = Header { source: ip("0.0.0.0"), ..sound.header };
    let nowhere = rig.take(LAN, nowhere, &sound.payload);
    assert_eq!(nowhere, Err(Ignored::SourceNotUnicast(ip("0.0.0.0"))));
    let own = Header { source: ip("10.0.0.5"), ..sound.header };
    assert_eq!(rig.take(LAN, own, &sound.payload), Err(Ignored::Own));
    let mut damaged = sound.payload.clone();
    damaged[9] ^= 1;
    let damaged = rig.take(LAN, sound.header, &damaged);
    assert!(matches!(damaged, Err(Ignored::Malformed { .. })), "{damaged:?}");
    assert_eq!(rig.take(7, sound.header, &sound.payload), Err(Ignored::ProtocolOff(103)));
    assert_eq!(rig.news(), []);
    assert_eq!(rig.take(LAN, sound.header, &sound.payload), Ok(()));
    assert_eq!(rig.news(), [(vif(LAN), News::Neighbour(ip("10.0.1.1")))]);
}
