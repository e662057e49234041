//! `castnet mroute`: the kernel's multicast routing by hand.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::{CASTNET, tests, text};

tests! {
    Nothing: octets_are_said_in_words_without_any_right;
    UserNamespace:
        a_table_is_owned_call_by_call_in_both_families,
        a_batch_ends_at_the_first_refusal_and_names_its_line;
}

/// Runs a script, and castnet with these lines, as root of a network namespace with two devices.
fn shell(arguments: &str, lines: &str) -> Output {
    let script = format!(
        "ip link set dev lo up && ip link add name a type veth peer name b && \
         ip addr add 10.0.1.1/24 dev a && ip link set dev a up multicast on && \
         ip link set dev b up multicast on && exec {CASTNET} mroute {arguments}"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c", &script]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may have ended at an earlier line.
    _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    child.wait_with_output().unwrap()
}

fn a_table_is_owned_call_by_call_in_both_families() {
    for (arguments, add, flow, calls) in [
        (
            "--show",
            "vif add b 7 --threshold 3",
            "10.0.1.10 239.1.1.1",
            [
                "IPPROTO_IP, MRT_INIT, 1) = 0",
                "vifc_vifi=7, vifc_flags=VIFF_USE_IFINDEX, vifc_threshold=3",
                "mfcc_parent=0, mfcc_ttls={[7]=9}}) = 0",
                "SIOCGETSGCNT",
                "MRT_FLUSH_MFC | MRT_FLUSH_VIFS) = 0",
                "MRT_DONE, 1) = 0",
            ],
        ),
        (
            "-6 --show --table 9",
            "vif add b 7",
            "fd00::10 ff1e::1",
            [
                "IPPROTO_IPV6, MRT6_TABLE, 9)",
                "mif6c_mifi=7, mif6c_flags=0",
                "mf6cc_parent=0, mf6cc_ifset={7}}) = 0",
                "SIOCGETSGCNT_IN6",
                "MRT6_FLUSH_MFC | MRT6_FLUSH_MIFS) = 0",
                "MRT6_DONE, 1) = 0",
            ],
        ),
    ] {
        let oif = if arguments.contains("-6") { "b" } else { "b:9" };
        let lines = format!(
            "vif add a\n{add}\nmfc add {flow} a {oif}\nmfc stats {flow}\nvif stats b\nmfc list\n\
             member add a {group}\nmember list\nmember drop a {group}\nmfc del {flow}\n\
             flush entries vifs\nassert off\nassert on\nstatus\ntables\ndone\n",
            group = flow.split(' ').nth(1).unwrap()
        );
        let output = shell(arguments, &lines);
        let (said, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!((output.status.code(), &err[..]), (Some(0), ""), "{said}");
        for call in calls {
            assert!(said.contains(call), "{call} in {said}");
        }
        let (source, group) = flow.split_once(' ').unwrap();
        let row = format!("{source}  {group}  a  {oif}");
        for part in [&row[..], "0 packets, 0 bytes, 0 on a wrong interface", "0x0305", "any\n"] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}

fn a_batch_ends_at_the_first_refusal_and_names_its_line() {
    for (lines, code, why) in [
        ("vif add a 1\n\n# a comment\nvif add b 1\nvif add b\n", 1, "line 4: "),
        ("vif add a\nvif add a\n", 1, "line 2: "),
        ("vif add nodevice\n", 2, "line 1: there is no device nodevice"),
        ("vif add a 32\n", 2, "line 1: "),
        ("vif add a\nmfc add 10.0.1.10 239.1.1.1 a c\n", 2, "line 2: c is no device"),
        ("mfc add 10.0.1.10 10.0.0.1 0\n", 2, "line 1: 10.0.0.1 is not a multicast group"),
        ("mfc add fd00::1 ff1e::1 0\n", 2, "is routed with -6"),
        ("vif add a\nmfc del 10.0.1.10 239.1.1.1\n", 1, "line 2: there is no entry"),
        ("member drop a 239.1.1.1\n", 1, "was not joined so on a"),
        ("done\n", 1, "line 1: no table is owned"),
        ("dance\n", 2, "line 1: unrecognized"),
        ("bye\ndance\n", 0, ""),
    ] {
        let output = shell("", lines);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{lines}{err}");
        assert!(err.contains(why), "{lines}{err}");
    }
}

fn octets_are_said_in_words_without_any_right() {
    let say = |words: &[&str]| {
        let output = Command::new(CASTNET).arg("mroute").args(words).output().unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    // An IGMPv2 Report of 239.1.1.1 from 10.0.1.10.
    let report = "46c00020000040000102 e90b 0a00010a ef010101 94040000 1600f9fc ef010101";
    let (code, said) = say(&["decode", report]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("239.1.1.1") && said.contains("10.0.1.10"), "{said}");
    let (code, said) = say(&["decode", "4500001400000000", "01000300", "0a00010a", "ef010101"]);
    assert_eq!((code, &said[..]), (Some(0), "upcall NOCACHE on vif3 for (10.0.1.10, 239.1.1.1)\n"));
    for (hex, code) in [("4", 2), ("zz", 2), ("é", 2), ("45", 1)] {
        assert_eq!(say(&["decode", hex]).0, Some(code), "{hex}");
    }
}
