use super::*;

fn params(rps: &[(&str, &str)]) -> Params {
    let rp = |&(address, groups): &(&str, &str)| StaticRp {
        address: address.parse().unwrap(),
        groups: groups.parse().unwrap(),
    };
    Params { rps: rps.iter().map(rp).collect(), ..Params::default() }
}

// RFC7761-4.11-01
#[test]
fn holdtimes_are_three_and_a_half_periods_in_whole_seconds() {
    let hello = |millis| {
        let hello_period = Duration::from_millis(millis);
        LinkParams { hello_period, ..LinkParams::default() }.hello_holdtime()
    };
    assert_eq!(Params::default().join_prune_holdtime(), 210);
    assert_eq!([30_000, 10_000, 100, 1_000].map(hello), [105, 35, 1, 4]);
}

// RFC7761-4.7.1-01
#[test]
fn the_longest_range_names_the_rp_and_of_equal_ones_the_first() {
    let params = params(&[
        ("10.0.0.1", "224.0.0.0/4"),
        ("10.0.0.2", "239.1.0.0/16"),
        ("10.0.0.3", "239.1.0.0/16"),
    ]);
    let rp = |group: &str| {
        let group = Group::new(group.parse().unwrap()).unwrap();
        params.rp(group).map(|rp| rp.to_string())
    };
    let found = ["239.1.9.9", "239.2.0.1", "225.0.0.1", "ff1e::1"].map(rp);
    let own = |address: &str| Some(address.to_owned());
    assert_eq!(found, [own("10.0.0.2"), own("10.0.0.1"), own("10.0.0.1"), None]);
}

#[test]
fn what_no_router_can_have_is_refused() {
    let told = |rp, groups| params(&[(rp, groups)]).check(Family::V4).map_err(|e| e.to_string());
    assert_eq!(told("10.0.0.1", "239.0.0.0/8"), Ok(()));
    let no_rp = |rp: &str| Err(format!("{rp} cannot be the address of an RP"));
    for rp in ["239.1.1.1", "0.0.0.0", "fd00::1"] {
        assert_eq!(told(rp, "239.0.0.0/8"), no_rp(rp));
    }
    for groups in ["10.0.0.0/8", "0.0.0.0/0", "ff00::/8"] {
        let why = format!("{groups} is no range of groups of IPv4");
        assert_eq!(told("10.0.0.1", groups), Err(why));
    }
    let never = Params { join_prune_period: Duration::ZERO, ..Params::default() };
    assert_eq!(never.check(Family::V4), Err(Invalid::Zero("join-prune-period")));
    let rarely = Params { join_prune_period: Duration::from_secs(18_725), ..Params::default() };
    assert_eq!(rarely.check(Family::V4), Err(Invalid::TooLong("join-prune-period")));
}

// RFC7761-4.9.5-01
#[test]
fn a_join_outlives_the_time_in_which_it_may_be_overridden() {
    let link = LinkParams::default();
    let of =
        |millis| Params { join_prune_period: Duration::from_millis(millis), ..Params::default() };
    assert_eq!(link.check(&of(1_000)), Ok(()));
    assert_eq!(link.check(&of(800)), Err(Invalid::BeforeOverride));
    let long = LinkParams { propagation_delay: Duration::from_millis(0x8000), ..link.clone() };
    assert_eq!(long.check(&of(60_000)), Err(Invalid::TooLong("propagation-delay")));
    let silent = LinkParams { hello_period: Duration::ZERO, ..link };
    assert_eq!(silent.check(&of(60_000)), Err(Invalid::Zero("hello-period")));
}

// RFC7761-4.11-01, RFC7761-4.11-02
#[test]
fn a_probe_takes_less_than_half_of_the_suppression() {
    let of = |suppression, probe| {
        let (register_suppression_time, register_probe_time) =
            (Duration::from_secs(suppression), Duration::from_secs(probe));
        Params { register_suppression_time, register_probe_time, ..Params::default() }
    };
    assert_eq!(Params::default(), of(60, 5));
    assert_eq!(of(60, 29).check(Family::V4), Ok(()));
    for (suppression, probe) in [(60, 30), (10, 5), (0, 0)] {
        assert_eq!(of(suppression, probe).check(Family::V4), Err(Invalid::ProbeTooLong));
    }
    assert_eq!(of(60, 5).rp_keepalive_period(), Duration::from_secs(185));
}
