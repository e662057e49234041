//! Software of others in the laboratory: its programs live and end with the run, a program that ends
//! breaks it, and the distribution's routers forward.
//!
//! smcroute and igmpproxy are ignored with a message where they are not there, or fail if
//! CASTNET_REQUIRE_PEERS=1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use castnet_lab::backend::{Cancel, RunError, netns};
use castnet_lab::judge::{Outcome, Verdict, judge};
use castnet_lab::plan::{Plan, load};
use castnet_lab::recording::{Origin, Recording};
use libtest_mimic::{Arguments, Failed, Trial};

mod privileged;

fn main() -> ExitCode {
    let peer = |name, program: &str, body: fn() -> Result<(), Failed>| {
        let is_there = std::env::var_os("PATH").is_some_and(|path| {
            let listed = std::env::split_paths(&path);
            listed.chain(["/usr/sbin".into()]).any(|folder: PathBuf| folder.join(program).is_file())
        });
        let required = std::env::var_os("CASTNET_REQUIRE_PEERS").is_some_and(|value| value == "1");
        if !is_there && !required {
            eprintln!("SKIPPED ({program} is not there): {name}");
        }
        Trial::test(name, body).with_ignored_flag(!is_there && !required)
    };
    let trials = vec![
        Trial::test("what_a_program_forks_ends_with_the_run", forked),
        Trial::test("a_program_that_ends_breaks_the_run", ended),
        Trial::test("what_a_program_writes_is_kept", written),
        Trial::test("a_daemon_that_does_not_route_is_never_green", idle),
        Trial::test("a_daemon_of_a_scenario_reads_its_configuration_again", reloaded),
        Trial::test("a_recipe_that_is_wrong_is_refused_at_its_place", wrong),
        peer("smcroute_forwards_what_it_is_told", "smcrouted", smcroute),
        peer("igmpproxy_forwards_to_members_until_they_leave", "igmpproxy", igmpproxy),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

/// A folder of the test's own with a scenario whose router runs the recipe beside it.
fn folder(name: &str, recipe: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("devices").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("own.toml"), recipe).unwrap();
    let scenario = scenario(
        "device = './own.toml'",
        "",
        "[[expect]]\npacket = { on = 'lan', kind = 'v2-report' }\ncount = '>= 1'",
    );
    fs::write(folder.join("scenario.toml"), scenario).unwrap();
    folder
}

fn scenario(router: &str, acts: &str, expectations: &str) -> String {
    format!(
        "title = 't'\n[links]\nup = ['s1', 'r1']\nlan = ['r1', 'h1']\n\
         [nodes]\ns1 = {{ role = 'source' }}\nr1 = {{ role = 'router', {router} }}\n\
         h1 = {{ role = 'listener', speaks = 'groups' }}\n\
         [[act]]\nat = '0s'\nname = 'join'\njoin = {{ who = 'h1', group = '239.1.1.1' }}\n\
         [[act]]\nat = '300ms'\nname = 'stream'\n\
         send = {{ who = 's1', group = '239.1.1.1', rate = '100pps' }}\n{acts}\n{expectations}\n"
    )
}

fn recipe(script: &str, ready: &str) -> String {
    format!(
        "software = 'a script'\nfamilies = ['ipv4']\nqueries = false\n\
         [[program]]\ncommand = ['sh', '-c', '''{script}''']\n{ready}\n"
    )
}

fn plan(folder: &Path) -> Plan {
    load(&folder.join("scenario.toml")).unwrap_or_else(|wrong| panic!("{wrong}")).remove(0)
}

fn run(folder: &Path) -> Result<(Plan, Recording, Verdict), RunError> {
    let plan = plan(folder);
    let recording = netns::run(&plan, &Cancel::new())?;
    let verdict = judge(&plan, &recording);
    Ok((plan, recording, verdict))
}

/// The processes of the machine whose arguments have this text.
fn processes(text: &str) -> usize {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let command = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).ok();
    let commands = all.filter_map(command);
    commands.filter(|command| String::from_utf8_lossy(command).contains(text)).count()
}

fn forked() -> Result<(), Failed> {
    // No other process of the machine has such a number among its arguments.
    let number = format!("{}", 86_400_000 + u64::from(std::process::id()));
    let script = format!(
        "setsid sleep {number} & setsid setsid sleep {number} & echo up; exec sleep {number}"
    );
    let folder = folder("forked", &recipe(&script, "ready = { log = 'up' }"));
    let (_, _, verdict) = run(&folder)?;
    assert_eq!(verdict.outcome, Outcome::Pass, "{verdict}");
    assert_eq!(processes(&number), 0);
    Ok(())
}

fn ended() -> Result<(), Failed> {
    let folder = folder("ended", &recipe("echo bad news; sleep 0.2; exit 3", ""));
    let (_, _, verdict) = run(&folder)?;
    let why = verdict.reasons.join("\n");
    assert_eq!(verdict.outcome, Outcome::Broken);
    assert!(why.contains("r1: sh ended by itself: exit status: 3: bad news"), "{why}");
    Ok(())
}

/// The claim holds whoever routes; nobody does.
fn idle() -> Result<(), Failed> {
    let folder = folder("idle", "");
    let daemon = "daemon = ['sh', '-c', 'echo up; exec sleep 1000'], ready = { log = 'up' }, \
                  igmp = { version = 3 }";
    let expect = "[[expect]]\npacket = { on = 'lan', kind = 'v2-report' }\ncount = '>= 1'";
    fs::write(folder.join("scenario.toml"), scenario(daemon, "", expect)).unwrap();
    let (_, _, verdict) = run(&folder)?;
    let why = verdict.reasons.join("\n");
    assert_eq!(verdict.outcome, Outcome::Broken, "{verdict}");
    assert!(why.contains("0 of its 2 interfaces are VIFs of the kernel"), "{why}");
    Ok(())
}

fn written() -> Result<(), Failed> {
    let files = "[files]\n'/run/a/b.conf' = '{{ node }} has {{ interfaces[1].name }}'\n";
    let script = "cat /run/a/b.conf; ls -A /run; exec sleep 1000";
    let folder =
        folder("written", &format!("{}{files}", recipe(script, "ready = { log = 'lan' }")));
    let (_, recording, verdict) = run(&folder)?;
    assert_eq!(verdict.outcome, Outcome::Pass, "{verdict}");
    let [output] = recording.outputs.as_slice() else { panic!("{:?}", recording.outputs) };
    assert!(matches!(&output.origin, Origin::Device(_, name) if name == "sh"));
    // /run is the program's own, and has nothing else.
    assert_eq!(String::from_utf8_lossy(&output.octets), "r1 has lan\na\n");
    Ok(())
}

/// A daemon that a scenario names: what it reads at its start and once it is set, the file that it writes, and
/// what a command tells of its state.
fn reloaded() -> Result<(), Failed> {
    const FLOOD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/devices/flood.py");
    let note = "cat /run/daemon.conf >> /run/router.log";
    let by_signal = format!("trap \"{note}\" HUP; ");
    let by_command = format!("{{ command = ['sh', '-c', '{note}'] }}");
    for (name, trap, reload) in
        [("hup", by_signal.as_str(), "'hup'"), ("command", "", by_command.as_str())]
    {
        let daemon = format!(
            "daemon = ['sh', '-c', '{trap}{note}; python3 {FLOOD} up lan & while :; do wait; done']\n\
             config = \"\"\"\n{{{{ node }}}} asks every {{{{ membership.query_interval }}}} s\n\"\"\"\n\
             ready = {{ log = 'ready' }}\nreload = {reload}\nlog = '/run/router.log'\n\
             state = ['cat', '/proc/net/ip_mr_cache']\nigmp = {{ query-interval = '15s' }}"
        );
        // Linux keeps four datagrams of a flow until its router has answered the upcall; more are lost if it is slow.
        let acts = "[[act]]\nat = '1s'\nset = { who = 'r1', igmp = { query-interval = '12s' } }";
        let expect = "[[expect]]\ndelivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true\n\
                      after = 'stream + 500ms'\nwithin = '1200ms'";
        let text = scenario("derive-routes = true", acts, expect);
        // Such a daemon takes several lines, which an inline table has no room for.
        let line = "r1 = { role = 'router', derive-routes = true }\n";
        assert!(text.contains(line));
        let text = text.replacen(line, "", 1);
        let node = format!("[nodes.r1]\nrole = 'router'\n{daemon}\n[[act]]\n");
        let text = text.replacen("[[act]]\n", &node, 1);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("devices").join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("scenario.toml"), text)?;
        let (_, recording, verdict) = run(&folder)?;
        assert_eq!(verdict.outcome, Outcome::Pass, "{name}: {verdict}");
        let output = |wanted: &str| {
            let found = recording
                .outputs
                .iter()
                .find(|output| matches!(&output.origin, Origin::Device(_, name) if name == wanted));
            found.map(|output| String::from_utf8_lossy(&output.octets).into_owned())
        };
        let log = output("log").ok_or("no log")?;
        assert_eq!(log, "r1 asks every 15 s\nr1 asks every 12 s\n", "{name}");
        let state = output("state").ok_or("no state")?;
        assert!(state.contains("010101EF"), "{name}: {state}");
    }
    Ok(())
}

fn wrong() -> Result<(), Failed> {
    let folder =
        folder("wrong", "software = 'a'\nfamilies = ['ipv4']\n[[progam]]\ncommand = ['sh']\n");
    let refused = load(&folder.join("scenario.toml")).unwrap_err().to_string();
    for part in ["scenario.toml:7", "no software `./own.toml`", "line 3", "unknown field `progam`"]
    {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    Ok(())
}

/// Runs a scenario to its end; every claim must come true.
fn passes(name: &str, text: &str) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("devices").join(name);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("scenario.toml"), text)?;
    let (_, _, verdict) = run(&folder)?;
    match verdict.outcome {
        Outcome::Pass => Ok(()),
        _ => Err(verdict.to_string().into()),
    }
}

fn smcroute() -> Result<(), Failed> {
    let router = "device = 'smcroute', \
        static-joins = [{ link = 'lan', group = '239.1.1.1', source = 's1' }]";
    let expectations = "[[expect]]\ndelivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true\n\
        after = 'stream'\nwithin = '1s'\n\
        [[expect]]\nmfc = { of = 'r1', source = 's1', group = '239.1.1.1', iif = 'up', oifs = ['lan'] }\n\
        at = 'stream + 500ms'\n\
        [[expect]]\nmembers = { of = 'r1', on = 'lan', groups = ['239.1.1.1'] }\nat = 'stream + 500ms'";
    passes("smcroute", &scenario(router, "", expectations))
}

fn igmpproxy() -> Result<(), Failed> {
    let router = "device = 'igmpproxy', igmp = { version = 2 }";
    let acts = "[[act]]\nat = '2s'\nname = 'leave'\nleave = { who = 'h1', group = '239.1.1.1' }";
    // Its Last Member Query Interval is the RFC's second.
    let expectations = "[[expect]]\ndelivery = { to = 'h1', group = '239.1.1.1' }\nreceived = '>= 100'\n\
        after = 'stream'\nwithin = '1500ms'\n\
        [[expect]]\npacket = { on = 'lan', kind = 'group-specific-query', group = '239.1.1.1', from = 'r1' }\n\
        count = '>= 1'\nafter = 'leave'\nwithin = '2s'\n\
        [[expect]]\nquerier = { on = 'lan', is = 'r1' }\nat = 'leave'";
    passes("igmpproxy", &scenario(router, acts, expectations))
}
