//! Software of others as a device under test: its files and programs, made of a recipe and the plan.
//!
//! What a recipe's configuration cannot say is refused: a claim about an interval that the software was
//! never given would accuse it wrongly.

mod pim;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use castnet::addr::Family;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::written::{read, table, value};
use crate::knobs::{Dialect, Knobs, PARAMETERS, Setting};
use crate::plan::{NodeId, Plan, PortId, Router, RouterPort, Software};
use crate::recipe::{Ready, Recipe, Reload};

/// Where programs of administration are, which the PATH of an ordinary user does not have.
const ADMINISTRATION: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// What is put into a node's place and started there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The files, and their text.
    pub files: Vec<(PathBuf, String)>,
    /// The files of the machine that its programs see with another text.
    pub over: Vec<(PathBuf, String)>,
    /// The programs with their arguments, and when each is ready.
    pub programs: Vec<(Vec<String>, Ready)>,
    /// The program that makes it read its files again, or a signal; `None` if it cannot.
    pub reload: Option<Reload>,
    /// The program that prints what it knows.
    pub state: Option<Vec<String>>,
}

/// Why there is nothing to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// This software cannot do what the plan wants, or is not there.
    Unsupported(String),
    /// A template of the recipe is wrong.
    Wrong(String),
}

/// The files and programs of a router.
///
/// # Errors
/// What the software cannot do or have, and wrong templates.
pub fn make(
    plan: &Plan,
    node: NodeId,
    router: &Router,
    software: &Software,
) -> Result<Made, Unmade> {
    let recipe = &software.recipe;
    refuse(plan, router, recipe).map_err(Unmade::Unsupported)?;
    if let Some(why) = pim::refusal(router, recipe) {
        return Err(Unmade::Unsupported(why));
    }
    let context = Value::from(Serde(context(plan, node, router, &software.folder)));
    let render = |what: &str, template: &str| {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let rendered = environment.render_named_str(what, template, context.clone());
        rendered.map_err(|error| {
            Unmade::Wrong(format!(
                "its {}: {error:#}",
                if recipe.routes { "`daemon`" } else { "recipe" }
            ))
        })
    };
    let words = |command: &[String]| -> Result<Vec<String>, Unmade> {
        let words = command.iter().map(|word| render("command", word));
        let mut words = words.collect::<Result<Vec<_>, _>>()?;
        words[0] = found(&words[0], recipe).map_err(Unmade::Unsupported)?;
        Ok(words)
    };
    let texts = |templates: &BTreeMap<PathBuf, String>| -> Result<Vec<_>, Unmade> {
        let text = |(path, template): (&PathBuf, &String)| {
            Ok((path.clone(), render(&path.display().to_string(), template)? + "\n"))
        };
        templates.iter().map(text).collect()
    };
    let programs = recipe.programs.iter();
    let programs = programs.map(|program| Ok((words(&program.command)?, program.ready.clone())));
    let reload = match &recipe.reload {
        Some(Reload::Command(command)) => Some(Reload::Command(words(command)?)),
        other => other.clone(),
    };
    Ok(Made {
        files: texts(&recipe.files)?,
        over: texts(&recipe.over)?,
        programs: programs.collect::<Result<_, _>>()?,
        reload,
        state: recipe.state.as_deref().map(words).transpose()?,
    })
}

/// What interfaces may want beside parameters: its key in a scenario, what templates call it, and whether one
/// does.
fn wishes(router: &Router) -> [(&'static str, &'static str, bool); 6] {
    let any = |is_wanted: fn(&RouterPort) -> bool| router.interfaces.iter().any(is_wanted);
    [
        ("ttl-threshold", "threshold", any(|interface| interface.threshold != 1)),
        ("static-joins", "static_joins", any(|interface| !interface.static_joins.is_empty())),
        ("upstream", "upstream", any(|interface| interface.upstream)),
        ("only-forwarder", "only_forwarder", any(|interface| interface.only_forwarder)),
        ("boundaries", "boundaries", any(|interface| !interface.boundaries.is_empty())),
        ("rules", "rules", any(|interface| !interface.rules.is_empty())),
    ]
}

/// Refuses what the plan wants and the software cannot be given.
fn refuse(plan: &Plan, router: &Router, recipe: &Recipe) -> Result<(), String> {
    if !recipe.families.contains(&plan.family) {
        return Err(format!("{} is not of the family of this run", recipe.software));
    }
    let untold =
        wishes(router).into_iter().find(|(_, word, wanted)| *wanted && !recipe.asks_for(word));
    if let Some((key, ..)) = untold {
        let software = &recipe.software;
        return Err(format!(
            "`{key}` is wanted here, and the recipe of {software} has no word for it"
        ));
    }
    // Who asks for no members has none of their parameters.
    let interfaces = router.interfaces.iter().filter(|_| recipe.queries);
    for knobs in interfaces.map(|interface| &interface.knobs) {
        let usual = Knobs::of(plan.family);
        for row in PARAMETERS.iter().filter(|row| !recipe.takes.contains(row.key.name)) {
            let wanted = row.of(knobs);
            let has = match recipe.fixed.get(row.key.name) {
                Some(fixed) => read(fixed),
                None => row.of(&usual),
            };
            if wanted != has {
                let words = |setting: Option<Setting>| {
                    let written = |one| value(Dialect::of(plan.family).writes(row.key.name, one));
                    setting.map_or("a derived one".to_owned(), |one| written(one).to_string())
                };
                return Err(format!(
                    "`{}` is {} here, and {} has {}",
                    row.key.name,
                    words(wanted),
                    recipe.software,
                    words(has)
                ));
            }
        }
    }
    Ok(())
}

/// The program's path: in a folder of the recipe, on the PATH, or among those of administration. Castnet's own
/// lies beside castnet, and is looked for there first, as smcroute's program has the same name.
fn found(program: &str, recipe: &Recipe) -> Result<String, String> {
    let variable = std::env::var_os("PATH").unwrap_or_default();
    let listed = std::env::split_paths(&variable);
    let own = std::env::current_exe().ok().filter(|_| recipe.own);
    let beside = own.and_then(|own| own.parent().map(PathBuf::from));
    let folders = recipe.path.iter().cloned().chain(beside).chain(listed);
    let mut folders = folders.chain(ADMINISTRATION.map(PathBuf::from));
    if program.contains('/') {
        return Ok(program.to_owned());
    }
    let is_there = |folder: PathBuf| Some(folder.join(program)).filter(|path| path.is_file());
    let missing = || {
        let package = recipe.package.as_ref();
        let help = package.map(|package| format!(" (apt-get install {package})"));
        format!("the program {program} is not there{}", help.unwrap_or_default())
    };
    let path = folders.find_map(is_there).ok_or_else(missing)?;
    Ok(path.display().to_string())
}

/// What templates can say of a node.
#[derive(Debug, Serialize)]
struct Context {
    /// Its name.
    node: String,
    /// The folder of the recipe's file; empty for one that castnet ships.
    here: String,
    /// `ipv4` or `ipv6`.
    family: Family,
    /// Its interfaces, in the order of the scenario's links.
    interfaces: Vec<Interface>,
    /// The parameters of its first interface.
    membership: BTreeMap<String, Written>,
    /// The networks of sources, and the interface that leads to each.
    routes: Vec<Route>,
    /// How long a flow may be idle before its entry goes, in seconds.
    keepalive: f64,
    /// Its parameters of PIM and its RPs; none if it speaks no PIM.
    pim: Option<pim::Pim>,
}

#[derive(Debug, Serialize)]
struct Interface {
    name: String,
    /// Its first address, and all of them with their networks.
    address: String,
    addresses: Vec<String>,
    threshold: u8,
    /// The parameters of group management, `_` for `-` in their keys; times are seconds.
    membership: BTreeMap<String, Written>,
    /// Those that are not derived, as a table of TOML with their own keys.
    toml: String,
    static_joins: Vec<Join>,
    /// Whether the router is a proxy, and a host there.
    upstream: bool,
    /// Whether a proxy forwards to members there whoever is the querier.
    only_forwarder: bool,
    /// The DR Priority of PIM.
    dr_priority: u32,
    /// Ranges of groups that pass there in neither direction.
    boundaries: Vec<String>,
    rules: Vec<OwnRule>,
}

#[derive(Debug, Serialize)]
struct Join {
    group: String,
    source: Option<String>,
}

/// A static rule to the interface.
#[derive(Debug, Serialize)]
struct OwnRule {
    /// The interfaces where it comes in, the preferred one first.
    from: Vec<String>,
    group: String,
    source: Option<String>,
    /// A source that it is not for.
    except: Option<String>,
}

#[derive(Debug, Serialize)]
struct Route {
    network: String,
    interface: String,
    /// The router that leads there.
    via: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Written {
    Flag(bool),
    Whole(u64),
    Text(String),
    /// Seconds that are no whole number.
    Seconds(f64),
}

fn context(plan: &Plan, node: NodeId, router: &Router, folder: &Path) -> Context {
    let name = |port: PortId| plan.links[plan.ports[port].link].name.clone();
    let interfaces = router.interfaces.iter().map(|interface| {
        let port = &plan.ports[interface.port];
        let networks = port.networks(plan.links[port.link].subnet);
        let joins = interface.static_joins.iter().map(|join| Join {
            group: join.group.to_string(),
            source: join.source.map(|source| source.to_string()),
        });
        let rules = interface.rules.iter().map(|rule| OwnRule {
            from: [rule.from].into_iter().chain(rule.standby).map(name).collect(),
            group: rule.channel.group.to_string(),
            source: rule.channel.source.map(|source| source.to_string()),
            except: rule.except.map(|source| source.to_string()),
        });
        Interface {
            name: name(interface.port),
            address: networks.first().map(|net| net.addr().to_string()).unwrap_or_default(),
            addresses: networks.iter().map(ToString::to_string).collect(),
            threshold: interface.threshold,
            membership: parameters(&interface.knobs),
            toml: toml::Value::Table(table(&interface.knobs, Dialect::of(plan.family))).to_string(),
            static_joins: joins.collect(),
            upstream: interface.upstream,
            only_forwarder: interface.only_forwarder,
            dr_priority: interface.dr_priority,
            boundaries: interface.boundaries.iter().map(ToString::to_string).collect(),
            rules: rules.collect(),
        }
    });
    let interfaces: Vec<Interface> = interfaces.collect();
    let routes = router.routes.iter();
    let routes = routes.map(|route| Route {
        network: route.prefix.to_string(),
        interface: name(route.port),
        via: route.via.map(|via| via.to_string()),
    });
    Context {
        node: plan.nodes[node].name.clone(),
        here: std::path::absolute(folder).unwrap_or_default().display().to_string(),
        family: plan.family,
        membership: interfaces.first().map(|first| first.membership.clone()).unwrap_or_default(),
        interfaces,
        routes: routes.collect(),
        keepalive: router.keepalive.as_secs_f64(),
        pim: pim::pim(router),
    }
}

/// All parameters, derived ones as the RFC derives them.
fn parameters(knobs: &Knobs) -> BTreeMap<String, Written> {
    let given = PARAMETERS.iter().filter_map(|row| Some((row.key.name, row.of(knobs)?)));
    let derived = [
        ("startup-query-interval", Setting::Time(knobs.startup_query_interval())),
        ("startup-query-count", Setting::Whole(knobs.startup_query_count().into())),
        ("last-member-query-count", Setting::Whole(knobs.last_member_query_count().into())),
    ];
    let all = derived.into_iter().chain(given);
    all.map(|(key, setting)| (key.replace('-', "_"), number(setting))).collect()
}

fn number(setting: Setting) -> Written {
    match setting {
        Setting::Flag(flag) => Written::Flag(flag),
        Setting::Whole(whole) => Written::Whole(whole.into()),
        Setting::Range(range) => Written::Text(range.to_string()),
        Setting::Time(time) if time == Duration::from_secs(time.as_secs()) => {
            Written::Whole(time.as_secs())
        }
        Setting::Time(time) => Written::Seconds(time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests;
