//! Reads a daemon that a router names itself: `daemon = ["prog", "arg"]`, and the keys that go with it.

use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::OwnDaemon;
use super::reader::Reader;
use super::span::Spanned;
use super::values::command;
use crate::recipe::{Program, RUN, Ready, Recipe, Reload, check};
use crate::vocabulary::node::{HUP, INTERFACES, PROCESS};

/// The keys that mean nothing without a daemon of one's own.
const BESIDE: [&str; 5] = ["config", "ready", "reload", "log", "state"];

/// How a router's daemon runs.
pub(super) struct Daemon {
    /// Whether castnet's own is a process of its own.
    pub(super) is_process: bool,
    pub(super) own: Option<Box<OwnDaemon>>,
}

/// The key `daemon` and those beside it; `None` if one of them is wrong, which is reported.
pub(super) fn daemon(table: &Reader<'_, '_>) -> Option<Daemon> {
    let is_list = table.value("daemon").is_some_and(|value| value.get_ref().is_array());
    if !is_list {
        for key in BESIDE {
            if let Some(span) = table.key_span(key) {
                let message = format!("`{key}` is for a daemon of one's own");
                let help = "add `daemon = [\"program\", \"argument\"]`";
                let mut faults = table.faults().borrow_mut();
                faults.error_with_help(&span, message, "there is none", help);
            }
            table.know(&[key]);
        }
        let is_process = table.value("daemon").is_some();
        table.word("daemon", "daemon", &[(PROCESS, ())]);
        return Some(Daemon { is_process, own: None });
    }
    let program = command(table, "daemon");
    let (config, ready, reload) = (table.string("config"), ready(table), reload(table));
    let (log, state) = (path(table, "log"), command(table, "state"));
    if let Some(span) = table.key_span("device") {
        let message = "both `device` and a daemon of one's own in one table";
        table.faults().borrow_mut().error(&span, message, "they mean two programs");
    }
    let arguments = program.iter().flat_map(|program| &program.value);
    let template = config.iter().filter(|config| config.value.contains('\n'));
    let mut sound = true;
    for text in arguments.chain(template) {
        if let Err(why) = check(&text.value) {
            let message = "this template cannot be filled in";
            table.faults().borrow_mut().error(&text.span, message, why);
            sound = false;
        }
    }
    sound.then_some(())?;
    let is_file = config.as_ref().is_some_and(|config| !config.value.contains('\n'));
    if let Some(span) = table.key_span("reload").filter(|_| config.is_none() || is_file) {
        let message = "a configuration that is no template never changes";
        let help = "leave out `reload`, or write the configuration here, in several lines";
        let mut faults = table.faults().borrow_mut();
        faults.error_with_help(&span, message, "nothing to read again", help);
    }
    let Spanned { value: words, span } = program?;
    let command = words.into_iter().map(|word| word.value).collect();
    let program = Program { command, ready: ready? };
    let (template, file) = match config {
        Some(config) if is_file => (None, Some(config)),
        config => (config.map(|config| config.value), None),
    };
    let state = state.map(|state| state.value.into_iter().map(|word| word.value).collect());
    let recipe = Recipe::own(program, template, file.is_some());
    let recipe = Recipe { reload: reload?, log: log.map(|log| log.value), state, ..recipe };
    let own = OwnDaemon { span, recipe, config: file };
    Some(Daemon { is_process: true, own: Some(Box::new(own)) })
}

fn ready(table: &Reader<'_, '_>) -> Option<Ready> {
    let Some(value) = table.value("ready") else { return Some(Ready::Interfaces) };
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        return table.word("ready", "event", &[(INTERFACES, ())]).map(|_| Ready::Interfaces);
    }
    let event = table.table("ready", "`ready`", "a table such as { log = \"listening\" }")?;
    let (log, file) = (event.string("log"), event.string("file"));
    let span = event.span().clone();
    event.finish();
    match (log, file) {
        (Some(log), None) => Some(Ready::Log(log.value)),
        (None, Some(file)) => Some(Ready::File(file.value.into())),
        _ => {
            let message = "`ready` has either `log` or `file`";
            table.faults().borrow_mut().error(&span, message, "one event");
            None
        }
    }
}

fn reload(table: &Reader<'_, '_>) -> Option<Option<Reload>> {
    let Some(value) = table.value("reload") else { return Some(None) };
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        return table.word("reload", "signal", &[(HUP, ())]).map(|_| Some(Reload::Hup));
    }
    let reload = table.table("reload", "`reload`", "a table such as { command = [\"ctl\"] }")?;
    let words = reload.require("command", command(&reload, "command"));
    reload.finish();
    let words = words?.value.into_iter().map(|word| word.value);
    Some(Some(Reload::Command(words.collect())))
}

/// A path below /run, where the daemon may write.
fn path(table: &Reader<'_, '_>, key: &'static str) -> Option<Spanned<PathBuf>> {
    let path = table.string(key)?;
    if !Path::new(&path.value).starts_with(RUN) {
        let message = format!("{} is not below {RUN}", path.value);
        let label = "what a daemon keeps is there";
        table.faults().borrow_mut().error(&path.span, message, label);
    }
    Some(Spanned { value: path.value.into(), span: path.span })
}
