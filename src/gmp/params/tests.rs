//! The RFCs' numbers, and both sides of each limit.

use super::*;
use crate::addr::Family;

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

impl Params {
    /// The parameters of a router of IGMPv2 or MLDv1, for tests of what those versions say.
    pub(crate) fn v2() -> Self {
        Self { version: Version::V2, ..Self::default() }
    }
}

// RFC9776-8.4-01, RFC3810-9.4-01: a router speaks the newest version unless it is told otherwise.
#[test]
fn a_router_is_of_the_newest_version_by_default() {
    let params = Params::default();
    assert_eq!((params.version, params.profile()), (Version::V3, Profile::Rfc9776));
    assert_eq!(params.group_membership_interval(), secs(270.0));
    assert_eq!([Family::V4, Family::V6].map(|of| params.check(of)), [Ok(()), Ok(())]);
}

// RFC2236-8.1-01 to RFC2236-8.9-01, RFC3376-8.10-01
#[test]
fn defaults_are_those_of_rfc_2236() {
    let params = Params::v2();
    assert_eq!(params.check(Family::V4), Ok(()));
    assert_eq!(params.group_membership_interval(), secs(260.0));
    assert_eq!(params.other_querier_present_interval(), secs(255.0));
    assert_eq!(params.startup_query_interval(), secs(31.25));
    assert_eq!(params.startup_query_count(), 2);
    assert_eq!(params.last_member_query_count(), 2);
    assert_eq!(params.last_member_query_time(), secs(2.0));
    assert_eq!(params.older_host_present_interval(), secs(260.0));
}

// RFC9776-8.4-01, RFC9776-8.5-01, RFC9776-8.13-01
#[test]
fn rfc_9776_waits_for_a_second_response_interval() {
    let params = Params { profile: Some(Profile::Rfc9776), ..Params::v2() };
    assert_eq!(params.group_membership_interval(), secs(270.0));
    assert_eq!(params.other_querier_present_interval(), secs(255.0));
    assert_eq!(params.older_host_present_interval(), secs(260.0));
}

// RFC2236-8.1-01, RFC2236-8.3-01, RFC2236-2.2-01: both sides of each limit.
#[test]
fn contradictions_are_refused() {
    let base = Params::v2();
    let check = |params: Params| params.check(Family::V4);
    assert_eq!(check(Params { robustness: 0, ..base.clone() }), Err(Invalid::Robustness));
    assert_eq!(check(Params { robustness: 1, ..base.clone() }), Ok(()));
    let qri = |qri| Params { query_response_interval: secs(qri), ..base.clone() };
    assert_eq!(check(Params { query_interval: secs(10.1), ..qri(10.0) }), Ok(()));
    assert_eq!(
        check(Params { query_interval: secs(10.0), ..qri(10.0) }),
        Err(Invalid::ResponseNotShorter)
    );
    assert_eq!(check(qri(25.5)), Ok(()));
    for bad in [0.0, 0.05, 0.15, 25.6] {
        assert_eq!(check(qri(bad)), Err(Invalid::NotTenths("query-response-interval")));
    }
}

// RFC3376-4.1.1-02, RFC2710-3.4-01, RFC3810-5.1.3-01: the largest Max Response Time of each message.
#[test]
fn a_response_time_fits_the_message_of_family_and_version() {
    const KEY: &str = "query-response-interval";
    for (family, version, least, most, why) in [
        (Family::V4, Version::V3, 0.1, 3_174.4, Invalid::NotACode(KEY)),
        (Family::V6, Version::V2, 0.001, 65.535, Invalid::NotMillis(KEY)),
        (Family::V6, Version::V3, 0.001, 8_387.584, Invalid::NotMillisCode(KEY)),
    ] {
        let check = |qri| {
            let (query_response_interval, query_interval) = (secs(qri), secs(10_000.0));
            let params =
                Params { version, query_response_interval, query_interval, ..<_>::default() };
            params.check(family)
        };
        assert_eq!([least, most].map(check), [Ok(()), Ok(())], "{family} {version}");
        let beyond = [least * 0.9, most + 0.001].map(check);
        assert_eq!(beyond, [Err(why), Err(why)], "{family} {version}");
    }
    let oldest = Params { version: Version::V1, ..Params::v2() };
    assert_eq!(oldest.check(Family::V6), Err(Invalid::NoSuchVersion));
}

// RFC9776-8.4-01: a router of version 3 computes as RFC 9776 does, unless configured otherwise.
#[test]
fn the_version_decides_about_the_formulas_unless_they_are_configured() {
    let of = |version, profile| Params { version, profile, ..Params::v2() }.profile();
    assert_eq!(of(Version::V1, None), Profile::Rfc2236);
    assert_eq!(of(Version::V2, None), Profile::Rfc2236);
    assert_eq!(of(Version::V3, None), Profile::Rfc9776);
    assert_eq!(of(Version::V3, Some(Profile::Rfc3376)), Profile::Rfc3376);
}

// RFC2236-8.10-01, RFC2236-8.11-01, RFC3376-8.11-01
#[test]
fn host_defaults_are_those_of_rfc_2236() {
    let params = HostParams::default();
    assert_eq!(params.unsolicited_report_interval, secs(10.0));
    assert_eq!(HostParams::of(Version::V3).unsolicited_report_interval, secs(1.0));
    assert_eq!(params.v1_router_present_timeout, secs(400.0));
}
