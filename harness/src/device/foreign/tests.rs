//! Recipes over a plan.

use std::path::Path;

use castnet::daemon::config::ConfigFile;

use super::*;
use crate::knobs::RouteCost;
use crate::plan::{Device, Plan, Role, SourceRoute, compile};

/// r1 between two links, with this software and these keys.
fn plan(family: &str, device: &str, keys: &str) -> Plan {
    let scenario = format!(
        "title = 't'\nfamily = '{family}'\nend = '1s'\n\
         links = {{ up = ['s1', 'r1'], lan = ['r1', 'h1'] }}\n\
         [groups]\nnews = 1\n\
         [nodes]\ns1 = {{ role = 'source' }}\nh1 = {{ role = 'listener' }}\n\
         r1 = {{ role = 'router', device = '{device}', {keys} }}\n\
         [[act]]\nat = '0s'\nsend = {{ who = 's1', group = 'news', rate = '10pps' }}\n\
         [[expect]]\ndelivery = {{ to = 'h1', group = 'news' }}\nreceived = '>= 1'"
    );
    compile("t.toml", &scenario).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// r1, and the software that it runs.
fn r1(plan: &Plan) -> (NodeId, &Router, Software) {
    let id = plan.nodes.iter().position(|node| node.name == "r1").unwrap();
    let Role::Router(router) = &plan.nodes[id].role else { panic!("r1 is a router") };
    let Device::Foreign(software) = &router.who else { panic!("r1 runs software of others") };
    (id, router, software.as_ref().clone())
}

/// What r1 runs, with programs that are always there.
fn made(plan: &Plan) -> Result<Made, Unmade> {
    let (id, router, mut software) = r1(plan);
    for program in &mut software.recipe.programs {
        program.command[0] = "sh".to_owned();
    }
    make(plan, id, router, &software)
}

fn file<'m>(made: &'m Made, path: &str) -> &'m str {
    let file = made.files.iter().find(|(of, _)| of == Path::new(path));
    &file.unwrap_or_else(|| panic!("no {path}")).1
}

/// The recipe of castnetd says in its words what castnet's own routers get as values.
#[test]
fn castnetd_gets_what_a_router_of_castnet_gets() {
    let keys = "static-joins = [{ link = 'lan', group = 'news', source = 's1' }], keepalive = '7s', \
                membership = { version = 'sources', rfc = RFC, query-interval = '20s500ms', robustness = 3 }";
    for (family, rfc) in [("ipv4", "3376"), ("ipv6", "3810")] {
        let plan = plan(family, "castnetd", &keys.replace("RFC", rfc));
        let made = made(&plan).unwrap_or_else(|why| panic!("{why:?}"));
        let read = ConfigFile::parse(file(&made, "/run/castnetd.toml"));
        let read = read.unwrap_or_else(|wrong| panic!("{wrong}"));
        let wanted = crate::device::castnet::router(&plan, r1(&plan).1);
        for (interface, wanted) in read.interface.iter().zip(&wanted.interfaces) {
            let params =
                if family == "ipv4" { interface.igmp.params() } else { interface.mld.0.params() };
            assert_eq!(Some(params), wanted.igmp, "{family}");
            assert_eq!(interface.name, wanted.name);
            let joins = interface.static_joins.iter().map(|join| join.0);
            assert!(joins.eq(wanted.static_joins.iter().copied()));
        }
        assert_eq!(read.interface.len(), 2);
        assert_eq!(read.keepalive, Some(wanted.keepalive));
    }
}

#[test]
fn castnetd_gets_pim_as_a_router_of_castnet_gets_it() {
    let keys = "pim = { rp = { RANGE = 'r1' }, hello-period = '2s', triggered-hello-delay = '150ms', \
                propagation-delay = '50ms', override-interval = '250ms', join-prune-period = '4s', \
                spt-switchover = 'never', register-suppression-time = '9s', register-probe-time = '1s', \
                dr-priority = { lan = 10 } }";
    for (family, range) in [("ipv4", "'239.1.0.0/16'"), ("ipv6", "'ff1e::/16'")] {
        let plan = plan(family, "castnetd", &keys.replace("RANGE", range));
        let made = made(&plan).unwrap_or_else(|why| panic!("{why:?}"));
        let read = ConfigFile::parse(file(&made, "/run/castnetd.toml"));
        let read = read.unwrap_or_else(|wrong| panic!("{wrong}")).check().unwrap();
        let (read, wanted) =
            (read.of(plan.family).as_ref(), crate::device::castnet::router(&plan, r1(&plan).1));
        let read = read.unwrap_or_else(|| panic!("{family} is not routed"));
        assert_eq!(read.pim, wanted.pim);
        let links = |config: &castnet::router::config::Config| {
            config.interfaces.iter().map(|interface| interface.pim.clone()).collect::<Vec<_>>()
        };
        assert_eq!(links(read), links(&wanted));
        assert_eq!(links(read)[1].as_ref().map(|link| link.dr_priority), Some(10));
    }
}

#[test]
fn what_of_pim_software_cannot_be_given_is_refused() {
    for (device, keys, why) in [
        ("smcroute", "pim = {}", "does not say how"),
        ("frr", "pim = { override-interval = '1s' }", "`override-interval` of `pim`"),
        ("pimd", "pim = { join-prune-period = '9s' }", "`join-prune-period` of `pim`"),
        ("pimd", "pim = { spt-switchover = 'never' }", "`spt-switchover` of `pim`"),
    ] {
        match made(&plan("ipv4", device, keys)) {
            Err(Unmade::Unsupported(told)) => assert!(told.contains(why), "{device}: {told}"),
            other => panic!("{device}: {other:?}"),
        }
    }
    let plan_of = plan("ipv4", "frr", "pim = {}");
    let (id, router, software) = r1(&plan_of);
    let mut router = router.clone();
    let (port, prefix) = (router.interfaces[0].port, "10.9.0.0/24".parse().unwrap());
    let cost = RouteCost { preference: 1, metric: 7 };
    router.routes.push(SourceRoute { prefix, port, via: None, cost });
    match make(&plan_of, id, &router, &software) {
        Err(Unmade::Unsupported(told)) => {
            assert!(told.contains("no metric of their own"), "{told}")
        }
        other => panic!("{other:?}"),
    }
    let taken = "pim = { hello-period = '2s', dr-priority = 7, rp = 'r1' }";
    for (device, path, lines) in [
        ("frr", "/run/frr/pimd.conf", &[" ip pim hello 2", "ip pim rp 10.0.1.2 224.0.0.0/4"][..]),
        ("pimd", "/run/pimd.conf", &["hello-interval 2", "rp-address 10.0.1.2 224.0.0.0/4"]),
    ] {
        let made = made(&plan("ipv4", device, taken)).unwrap_or_else(|why| panic!("{why:?}"));
        let text = file(&made, path);
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line}: {text}");
        }
        assert!(text.contains("priority 7"), "{text}");
    }
}

#[test]
fn every_shipped_recipe_fits_a_router_of_two_links() {
    for (device, path, line) in [
        ("smcroute", "/run/smcroute.conf", "mroute from up group 239.1.0.1 source 10.0.1.1 to lan"),
        ("igmpproxy", "/run/igmpproxy.conf", "phyint up upstream ratelimit 0 threshold 1"),
        ("pimd", "/run/pimd.conf", "rp-address 10.0.1.2 224.0.0.0/4"),
        ("frr", "/run/frr/pimd.conf", " ip igmp last-member-query-interval 10"),
    ] {
        let joins = "static-joins = [{ link = 'lan', group = 'news', source = 's1' }], ";
        let joins = if device == "smcroute" { joins } else { "" };
        let made = made(&plan("ipv4", device, &format!("{joins}igmp = {{ version = 2 }}")))
            .unwrap_or_else(|why| panic!("{why:?}"));
        let text = file(&made, path);
        assert!(text.lines().any(|found| found == line), "{device}: {text}");
        assert!(!made.programs.is_empty());
    }
}

/// A router that was never told an interval would be accused wrongly.
#[test]
fn what_software_cannot_be_given_is_refused() {
    for (family, device, keys, why) in [
        (
            "ipv4",
            "igmpproxy",
            "igmp = { version = 2, query-interval = '20s' }",
            "`query-interval` is \"20s\" here",
        ),
        ("ipv4", "igmpproxy", "igmp = { version = 3 }", "`version` is 3 here"),
        ("ipv6", "pimd", "", "not of the family"),
        ("ipv4", "frr", "ttl-threshold = 7", "`ttl-threshold` is wanted here"),
        (
            "ipv4",
            "pimd",
            "static-joins = [{ link = 'lan', group = 'news' }]",
            "`static-joins` is wanted here",
        ),
        ("ipv4", "frr", "upstream = 'up'", "`upstream` is wanted here"),
        (
            "ipv4",
            "smcroute",
            "boundaries = [{ link = 'lan', ipv4 = '239.0.0.0/8' }]",
            "`boundaries` is wanted here",
        ),
        (
            "ipv4",
            "castnet-smcrouted",
            "rules = [{ from = ['up'], group = 'news', to = ['lan'] }]",
            "`rules` is wanted here",
        ),
    ] {
        match made(&plan(family, device, keys)) {
            Err(Unmade::Unsupported(told)) => assert!(told.contains(why), "{device}: {told}"),
            other => panic!("{device}: {other:?}"),
        }
    }
    let proxy = made(&plan("ipv4", "igmpproxy", "upstream = 'lan', igmp = { version = 2 }"));
    let proxy = proxy.unwrap_or_else(|why| panic!("{why:?}"));
    let text = file(&proxy, "/run/igmpproxy.conf");
    for line in [
        "phyint up downstream ratelimit 0 threshold 1",
        "phyint lan upstream ratelimit 0 threshold 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    // It asks nobody, and so has no such interval.
    assert!(made(&plan("ipv4", "smcroute", "igmp = { query-interval = '20s' }")).is_ok());
}

#[test]
fn a_program_that_is_missing_is_named_with_its_package() {
    let plan = plan("ipv4", "smcroute", "");
    let (id, router, mut software) = r1(&plan);
    software.recipe.programs[0].command[0] = "no-such-program".to_owned();
    let told = make(&plan, id, router, &software).unwrap_err();
    let why = "the program no-such-program is not there (apt-get install smcroute)";
    assert_eq!(told, Unmade::Unsupported(why.to_owned()));
}

#[test]
fn a_template_with_an_unknown_name_is_wrong() {
    let plan = plan("ipv4", "smcroute", "");
    let (id, router, mut software) = r1(&plan);
    software.recipe.programs[0].command = vec!["sh".to_owned(), "{{ nod }}".to_owned()];
    match make(&plan, id, router, &software) {
        Err(Unmade::Wrong(why)) => assert!(why.contains("undefined"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// The program of these tests lies in no folder of the PATH.
#[test]
fn only_programs_of_castnet_are_looked_for_beside_castnet() {
    let own = std::env::current_exe().unwrap();
    let program = own.file_name().unwrap().to_str().unwrap();
    let mut recipe = crate::recipe::shipped("castnetd").unwrap().unwrap();
    assert_eq!(found(program, &recipe).unwrap(), own.display().to_string());
    recipe.own = false;
    assert!(found(program, &recipe).is_err());
    for (name, is_own) in [("castnet-smcrouted", true), ("smcroute", false)] {
        assert_eq!(crate::recipe::shipped(name).unwrap().unwrap().own, is_own, "{name}");
    }
}
