//! The pages of HTML in a real browser: they draw, they answer clicks, and no script fails.
//!
//! Without chromedriver and Chromium the tests are ignored, loudly, or fail if
//! `CASTNET_REQUIRE_CHROMIUM=1` demands it.

mod driver;
mod made;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use castnet_lab::backend::{Cancel, sim};
use castnet_lab::judge::{Outcome, judge};
use castnet_lab::plan::{Plan, compile};
use castnet_lab::recording::Recording;
use castnet_lab::report::{Campaign, Finished, html};
use castnet_lab::scenario::Timers;
use castnet_lab::snapshot::golden;
use castnet_lab::snapshot::review::items;
use driver::Browser;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var_os("CASTNET_REQUIRE_CHROMIUM").is_some_and(|value| value == "1");
    let missing = Browser::start().err();
    if let (Some(why), false) = (&missing, required) {
        eprintln!("SKIPPED: no page is looked at: {why}");
    }
    let trial = |name, test: fn()| match missing.clone() {
        None => Trial::test(name, move || {
            test();
            Ok(())
        }),
        Some(why) => Trial::test(name, move || Err(Failed::from(why))).with_ignored_flag(!required),
    };
    let trials = vec![
        trial("a_click_on_a_packet_shows_what_is_in_it", a_click_on_a_packet),
        trial("a_click_on_a_bar_shows_where_a_datagram_went", a_click_on_a_bar),
        trial("what_is_looked_for_is_found", what_is_looked_for),
        trial("fifty_thousand_packets_are_still_at_hand", fifty_thousand_packets),
        trial("the_overview_leads_to_the_runs", the_overview),
        trial("what_is_otherwise_than_it_is_kept_stands_beside_it", what_is_otherwise),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("browser");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn finished(plan: &Plan, recording: &Recording) -> Finished {
    Finished {
        name: plan.name.clone(),
        combination: plan.combination.clone(),
        swaps: Vec::new(),
        path: plan.path.clone(),
        title: plan.title.clone(),
        clauses: plan.proves.clone(),
        backend: recording.backend,
        repetition: 1,
        seed: 1,
        timers: Timers::File,
        end: Duration::from_secs(5),
        took: Duration::from_secs(5),
        frames: Some(recording.frames.len()),
        noise: 0,
        pcapng: None,
        page: None,
        programs: Vec::new(),
        kernel: String::new(),
        guest: None,
        broken_before: Vec::new(),
        verdict: judge(plan, recording),
    }
}

/// A browser that shows the page of the run.
fn showing(name: &str, recording: impl Fn(&Plan) -> Recording) -> Browser {
    let plan = compile("leave.toml", made::SCENARIO).unwrap();
    let recording = recording(&plan);
    let page = folder().join(format!("{name}.html"));
    fs::write(&page, html::run(&plan, &recording, &finished(&plan, &recording), None).unwrap())
        .unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&page);
    browser
}

/// Clicks into the lane, at that time.
fn click_lane(browser: &Browser, lane: &str, nanos: u128) {
    let row = format!(
        "const row = timeline.lanes.findLastIndex(({{ kind, text }}) => kind === 'group' && text === '{lane}');
         timeline.view.scrollTop = Math.max(0, row * LANE - 100);
         return [timeline.x({nanos}), PINNED + (row + 0.5) * LANE - timeline.view.scrollTop]"
    );
    let place = browser.run(&row);
    browser.click("#canvas", place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

fn assert_quiet(browser: &Browser) {
    let console = browser.console();
    assert!(console.is_empty(), "{console:#?}");
}

fn a_click_on_a_packet() {
    let browser = showing("click", made::run);
    assert_contains(&browser.text("#head"), &["FAIL", "The last member leaves", "RFC2236-3-23"]);
    assert_contains(&browser.text("#claims"), &["expected LMQC 2, found 1"]);
    assert_contains(&browser.text("#legend"), &["GQ Group-Specific Query", "L Leave", "data"]);
    let before = browser.text("#details");
    assert!(!before.contains("Leave Group"), "{before}");
    click_lane(&browser, "239.1.1.1", made::LEAVE.as_nanos());
    let parts =
        ["Leave Group 239.1.1.1", "2.000000 s", "h1:lan", "224.0.0.2", "Router Alert", "0x17"];
    assert_contains(&browser.text("#details"), &parts);
    assert_quiet(&browser);
}

fn a_click_on_a_bar() {
    let browser = showing("bar", made::run);
    click_lane(&browser, "239.1.1.1", made::datagram(7).as_nanos());
    let parts =
        ["datagram 7 of stream 0", "left s1:up, TTL 32", "left r1:lan, TTL 31", "received by h1"];
    assert_contains(&browser.text("#details"), &parts);
    assert_quiet(&browser);
}

fn what_is_looked_for() {
    let browser = showing("find", made::run);
    browser.type_into("#find", "leave r1");
    assert_contains(&browser.text("#range"), &["0 of 4 packets"]);
    browser.run("document.getElementById('find').value = ''");
    browser.type_into("#find", "leave h1:lan");
    assert_contains(&browser.text("#range"), &["1 of 4 packets"]);
    browser.click("#later", 5.0, 5.0);
    assert_contains(&browser.text("#details"), &["Leave Group 239.1.1.1"]);
    assert_quiet(&browser);
}

fn fifty_thousand_packets() {
    let browser = showing("many", made::long_run);
    assert_eq!(browser.run("return facts.packets.length"), 50_000);
    // The lane of the last group is far below, and the packet's own among a dense crowd.
    let chosen = browser.run("return facts.packets[49999].at").as_u64().unwrap();
    browser
        .run(&format!("timeline.showAround({chosen}); timeline.zoom(0.001, timeline.x({chosen}))"));
    click_lane(&browser, &made::group(49_999).to_string(), chosen.into());
    let group = made::group(49_999).to_string();
    assert_contains(&browser.text("#details"), &["v2 Membership Report", &group]);
    assert_quiet(&browser);
}

fn the_overview() {
    let plan = compile("leave.toml", made::SCENARIO).unwrap();
    let recording = made::run(&plan);
    let run = finished(&plan, &recording);
    let link = |name: &str| folder().join(format!("{name}.html"));
    fs::write(link("run"), html::run(&plan, &recording, &run, None).unwrap()).unwrap();
    let campaign = Campaign { finished: vec![run], repeat: 1, ..Campaign::default() };
    let page = html::overview(&campaign, |_| Some("run.html".to_owned())).unwrap();
    fs::write(link("index"), page).unwrap();
    let browser = Browser::start().unwrap();
    browser.open(&link("index"));
    assert_contains(&browser.text("#runs"), &["fail", "leave", "0/1"]);
    assert_contains(&browser.text("#clauses"), &["RFC2236", "1 failing"]);
    assert_quiet(&browser);
    browser.click("#runs a", 3.0, 3.0);
    assert_contains(&browser.text("#head"), &[Outcome::Fail.to_string().as_str(), "castnet run"]);
    assert!(browser.screenshot().len() > 10_000, "an empty picture");
}

/// The golden is from a router that asks twice when a member leaves; this run's asks three times.
fn what_is_otherwise() {
    let tree = folder().join("golden");
    _ = fs::remove_dir_all(&tree);
    let path = tree.join("scenarios/leave.toml").display().to_string();
    let run = |router: &str| {
        let text = made::SCENARIO.replace("role = \"router\"", router);
        let text = text.replace("role = \"listener\"", "role = \"listener\", igmp-version = 2");
        let plan = compile(&path, &format!("golden = [\"sim\"]\n{text}")).unwrap();
        let recording = sim::run(&plan, &Cancel::new()).unwrap();
        (plan, recording)
    };
    let write = |path: &Path, bytes: &[u8]| {
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, bytes)
    };
    let (plan, recording) = run("role = \"router\", igmp = { version = 2 }");
    let mut verdict = judge(&plan, &recording);
    assert!(golden::check(&plan, &recording, &mut verdict, Some(&write)).unwrap().is_none());
    items(&tree).unwrap().iter().for_each(|item| item.accept().unwrap());
    let shown = |igmp: &str| {
        let (plan, recording) =
            run(&format!("role = \"router\", igmp = {{ version = 2, {igmp} }}"));
        let mut verdict = judge(&plan, &recording);
        let otherwise = golden::check(&plan, &recording, &mut verdict, None).unwrap().unwrap();
        let page = tree.join("leave.html");
        let run = finished(&plan, &recording);
        fs::write(&page, html::run(&plan, &recording, &run, Some(&otherwise)).unwrap()).unwrap();
        let browser = Browser::start().unwrap();
        browser.open(&page);
        browser
    };
    let browser = shown("last-member-query-count = 3");
    let parts = ["Otherwise than it is kept: ", "traces/leave.snap", "leave + 2*LMQI", "239.1.1.1"];
    assert_contains(&browser.text("#golden"), &parts);
    assert!(browser.text("#golden tr.added").contains("v2 Membership Query, group 239.1.1.1"));
    assert_eq!(browser.text("#golden details .added"), "", "the packets are folded in");
    browser.click("#golden summary", 5.0, 5.0);
    let packet = browser.text("#golden details .added");
    assert_contains(&packet, &["lan", "v2 Membership Query, group 239.1.1.1"]);
    assert!(browser.screenshot().len() > 10_000, "an empty picture");
    assert_quiet(&browser);
    // A packet with another value in a field.
    let browser = shown("last-member-query-interval = \"500ms\"");
    browser.click("#golden summary", 5.0, 5.0);
    let changed = browser.text("#golden details .changed");
    assert_contains(
        &changed,
        &["v2 Membership Query, group 239.1.1.1", "10: 1.0 s \u{2192} 5: 0.5 s"],
    );
    assert_quiet(&browser);
}
