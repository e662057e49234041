//! Hosts of RFC 5790 and of RFC 4604.

use super::*;

const SSM: &str = "ff3e::8000:1";
const A: &str = "2001:db8::a";
const B: &str = "2001:db8::b";

fn wants(link: &mut Link, name: &str, wish: SourceFilter) -> Vec<String> {
    link.host.listen(link.now, 0, group(name), wish).unwrap();
    let told = link.note().words();
    let settled = link.now.since_start().as_secs_f64() + 20.0;
    link.until(settled).said.clear();
    told
}

fn lightweight() -> Link {
    Link::with(HostParams { lightweight: true, ..HostParams::of(Version::V3) })
}

// RFC5790-4.2-01
#[test]
fn a_lightweight_host_joins_and_leaves_without_excluding_a_source() {
    use SourceFilter::{Exclude, Include};
    let none = Sources::new;
    let mut link = lightweight();
    for (wish, record) in [
        (SourceFilter::all(), Record::ToEx(none())),
        (SourceFilter::nothing(), Record::ToIn(none())),
        (Include(sources(&[A, B])), Record::Allow(sources(&[A, B]))),
        (Include(sources(&[B])), Record::Block(sources(&[A]))),
        // Whatever is excluded, all sources are joined.
        (Exclude(sources(&[A])), Record::ToEx(none())),
    ] {
        assert_eq!(wants(&mut link, G, wish), [report(&[(G, record)])]);
    }
    assert!(link.host.reception().delivers(IpAddr::V6(ip(A)), group(G)));
    assert_eq!(wants(&mut link, G, Exclude(sources(&[B]))), <[&str; 0]>::default());
}

// RFC5790-4.4-01
#[test]
fn a_lightweight_host_answers_in_the_words_of_a_change() {
    let mut link = lightweight();
    wants(&mut link, G, SourceFilter::all());
    link.query("::", 1000, v2_part(&[])).until(40.0);
    assert_eq!(link.words(), [report(&[(G, Record::ToEx(Sources::new()))])]);
    wants(&mut link, G, SourceFilter::Include(sources(&[A])));
    link.query("::", 1000, v2_part(&[])).until(80.0);
    assert_eq!(link.words(), [report(&[(G, Record::Allow(sources(&[A])))])]);
    link.query(G, 1000, v2_part(&[A, B])).until(100.0);
    assert_eq!(link.words(), [report(&[(G, Record::Allow(sources(&[A])))])]);
}

fn source_specific() -> Link {
    Link::with(HostParams { source_specific: true, ..HostParams::of(Version::V3) })
}

// RFC4604-2.1-01, RFC4604-2.2.2-01, RFC9777-5.2.13-01
#[test]
fn a_group_of_source_specific_multicast_is_joined_with_sources_only() {
    let mut link = source_specific();
    for wish in [SourceFilter::all(), SourceFilter::Exclude(sources(&[A]))] {
        let refused = link.host.listen(link.now, 0, group(SSM), wish).unwrap_err();
        let why = "ff3e::8000:1 is for source-specific multicast: a join needs sources";
        assert_eq!(refused.to_string(), why);
    }
    assert_eq!(link.note().words(), <[&str; 0]>::default());
    // Other groups, and joins of sources, are as ever.
    link.join(G);
    assert_eq!(link.words(), [report(&[(G, Record::ToEx(Sources::new()))])]);
    let told = wants(&mut link, SSM, SourceFilter::Include(sources(&[A])));
    assert_eq!(told, [report(&[(SSM, Record::Allow(sources(&[A])))])]);
}

// RFC4604-2.2.3-01, RFC4604-2.2.6-01, RFC4604-2.2.7-01
#[test]
fn queries_about_such_a_group_are_answered_unless_they_are_of_version_1() {
    let mut link = source_specific();
    wants(&mut link, SSM, SourceFilter::Include(sources(&[A])));
    let older = link.hear(QUERIER, SSM, &query(SSM, 1000, None));
    assert_eq!(older, Err(Ignored::WithoutSources(group(SSM))));
    assert_eq!(link.host.reception().mode(link.now), Version::V3);
    for part in [v2_part(&[]), v2_part(&[A, B])] {
        let answered = link.now.since_start().as_secs_f64() + 10.0;
        link.query(SSM, 1000, part).until(answered);
        assert_eq!(link.words(), [report(&[(SSM, Record::IsIn(sources(&[A])))])]);
    }
}
