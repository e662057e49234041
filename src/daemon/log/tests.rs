use super::*;
use crate::addr::Group;
use crate::ignored::Ignored;

fn at(seconds: f64) -> Instant {
    Instant::ZERO + Duration::from_secs_f64(seconds)
}

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

fn refused(on: usize, ttl: u8) -> Event {
    Event::Ignored(vif(on), Ignored::NotOneHop(ttl))
}

fn line(limiter: &mut Limiter, now: f64, event: &Event) -> Option<String> {
    limiter.line(at(now), Kind::of(Family::V4, event), || event.describe(|vif| vif.to_string()))
}

/// A flood of refused packets is some lines and a number, whatever the packets say.
#[test]
fn a_flood_is_some_lines_and_a_number() {
    let mut limiter = Limiter::default();
    let flood = |limiter: &mut Limiter, now| {
        let lines = (0..20_000).filter_map(|n| line(limiter, now, &refused(1, (n % 200) as u8)));
        lines.count()
    };
    assert_eq!(flood(&mut limiter, 1.0), 100);
    assert_eq!(limiter.held(Some(at(2.0))), [], "the window has not ended");
    assert_eq!(flood(&mut limiter, 3.0), 0);
    let held = limiter.held(Some(at(11.0)));
    assert_eq!(
        held.iter().map(|held| (held.count, held.all)).collect::<Vec<_>>(),
        [(39_900, 40_000)]
    );
    assert!(held[0].example.contains("where such a message has 1"), "{held:?}");
    assert_eq!(flood(&mut limiter, 11.0), 100, "another window");
    assert_eq!(limiter.held(None).len(), 1, "at the end all is told");
    assert_eq!(limiter.held(None), []);
}

#[test]
fn a_flood_hides_nothing_of_another_kind_or_interface() {
    let mut limiter = Limiter::default();
    (0..1_000).for_each(|_| drop(line(&mut limiter, 1.0, &refused(1, 64))));
    assert!(line(&mut limiter, 1.0, &refused(1, 64)).is_none());
    let group = Group::new("239.1.1.1".parse().unwrap()).unwrap();
    for other in [
        refused(0, 64),
        Event::Ignored(vif(1), Ignored::NoRouterAlert),
        Event::Gmp(vif(1), News::MembersPresent(group)),
        Event::Gmp(vif(1), News::NoMembers(group)),
        Event::Configured,
        Event::Refused("no room".to_owned()),
    ] {
        assert!(line(&mut limiter, 1.0, &other).is_some(), "{other:?}");
    }
    let kind = Kind::of(Family::V6, &refused(1, 64));
    assert!(limiter.line(at(1.0), kind, String::new).is_some(), "of the other family");
}

#[test]
fn what_may_be_an_attack_is_a_warning_and_what_every_host_does_is_none() {
    let of = |why| weight(&Event::Ignored(vif(0), why));
    let (low, none) = ("10.9.9.9".parse().unwrap(), "::".parse().unwrap());
    for why in [
        Ignored::Misaddressed(low),
        Ignored::OffLink(low),
        Ignored::NotOneHop(64),
        Ignored::NoRouterAlert,
        Ignored::NotLinkLocal("2001:db8::1".parse().unwrap()),
        Ignored::SourceNotUnicast(low),
    ] {
        assert_eq!(of(why.clone()), Weight::Warning, "{why}");
    }
    // A host of IPv6 reports from `::` until its address is its own.
    for why in [Ignored::Own, Ignored::NotLinkLocal(none), Ignored::LeaveAsNonQuerier] {
        assert_eq!(of(why.clone()), Weight::Detail, "{why}");
    }
}

#[test]
fn times_count_from_the_line_that_names_them() {
    let group = Group::new("239.1.1.1".parse().unwrap()).unwrap();
    let event = Event::Gmp(vif(0), News::CheckingMembership(group, at(1_002.5)));
    let told = words(at(1_000.0), &event, |_| "lan".to_owned());
    assert_eq!(told, "lan: checking membership of 239.1.1.1 for 2.500 s");
}
