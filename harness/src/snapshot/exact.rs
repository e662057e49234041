//! The trace of a run with reliable instants: every event at its time.

use castnet::time::Instant;

use super::causes::{Causes, Reason};
use super::scene::{Scene, Whose};
use super::{ACT, line};

/// The lines, without a heading.
pub(super) fn lines(scene: &Scene<'_>) -> Vec<String> {
    let causes = Causes::of(scene);
    let plan = scene.plan;
    let mut rows: Vec<(Instant, [String; 3])> = Vec::new();
    let mut add = |at: Instant, why: String, place: &str, what: String| {
        rows.push((at, [why, place.to_owned(), what]));
    };
    for (act, done) in plan.acts.iter().zip(&scene.recording.acts) {
        let name = if act.label == act.words { "" } else { &act.label };
        let what = act.words.clone();
        match done {
            Some(done) => add(*done, name.to_owned(), ACT, what),
            None => {
                add(Instant::ZERO + plan.end, name.to_owned(), ACT, format!("not done: {what}"))
            }
        }
    }
    for (sent, reason) in scene.sent.iter().zip(&causes.sent) {
        let why = match reason {
            Reason::At(label) if label.is_certain() => label.to_string(),
            _ => String::new(),
        };
        add(sent.at, why, scene.link_name(sent.port), scene.packet(sent));
    }
    for labelled in scene.labelled(&causes) {
        let flow = labelled.flow;
        let place = match flow.whose {
            Whose::Port(port) => scene.link_name(port).to_owned(),
            Whose::Node(node) => plan.nodes[node].name.clone(),
        };
        let received = if let Whose::Node(_) = flow.whose { "received " } else { "" };
        let (rate, until) = (scene.rate(flow), format!("{:.6}", flow.last));
        let what =
            format!("{received}{} x {}, {rate}, until {until}", scene.flow(flow), flow.count);
        let why =
            if labelled.begin.is_certain() { labelled.begin.to_string() } else { String::new() };
        add(flow.first, why, &place, what);
    }
    for event in &scene.recording.events {
        add(event.at, String::new(), &plan.nodes[event.node].name, event.text.clone());
    }
    for (change, _) in &causes.mfc {
        let what = format!("the kernel has {}", scene.entry(change));
        add(change.at, String::new(), &plan.nodes[change.node].name, what);
    }
    for (change, _) in &causes.mdb {
        add(change.at, String::new(), &plan.nodes[change.node].name, scene.ports(change));
    }
    for struck in &scene.recording.struck {
        let what = format!("behind {}: {}", scene.node_name(struck.port), struck.text());
        add(struck.at, String::new(), scene.link_name(struck.port), what);
    }
    // Equal instants keep the order of insertion: acts before their effects.
    rows.sort_by_key(|(at, _)| *at);
    let lines = rows.into_iter().map(|(at, [why, place, what])| {
        let at = format!("{at:.6}");
        format!("{at:>12}  {}", line(plan, &why, &place, &what))
    });
    lines.collect()
}
