//! Whether output is coloured: what `--color` says, or else what the environment and the terminal
//! say.

use std::io::IsTerminal;
use std::sync::OnceLock;

use castnet_lab::report::text::Style;
use clap::ValueEnum;

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless the environment has NO_COLOR, CLICOLOR=0 or TERM=dumb; elsewhere if it
    /// has FORCE_COLOR or CLICOLOR_FORCE, as logs of CI may want.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `--color` said.
static CHOSEN: OnceLock<Color> = OnceLock::new();

impl Color {
    /// Makes this the choice for all that this process prints.
    pub(super) fn choose(self) {
        CHOSEN.get_or_init(|| self);
    }

    /// Whether to colour; the environment's variables count if they are not empty.
    fn is_on(self, variable: impl Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is_forced =
            |name: &str| set(name).is_some_and(|value| value != "0" && value != "false");
        match self {
            Self::Always => true,
            Self::Never => false,
            // <https://no-color.org>: whatever its value. <https://bixense.com/clicolors>
            Self::Auto if set("NO_COLOR").is_some() => false,
            Self::Auto if is_forced("FORCE_COLOR") || is_forced("CLICOLOR_FORCE") => true,
            Self::Auto => {
                let is = |name: &str, value: &str| set(name).is_some_and(|set| set == value);
                is_terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb")
            }
        }
    }
}

/// The style for what is printed there.
pub(super) fn style(terminal: &impl IsTerminal) -> Style {
    let chosen = CHOSEN.get().copied().unwrap_or_default();
    let variable = |name: &str| std::env::var_os(name)?.into_string().ok();
    Style { color: chosen.is_on(variable, terminal.is_terminal()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(variables: &[(&str, &str)], is_terminal: bool) -> bool {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Color::Auto.is_on(variable, is_terminal)
    }

    #[test]
    fn the_option_outdoes_the_environment_and_the_environment_the_terminal() {
        let none = |_: &str| None;
        assert!(auto(&[], true) && !auto(&[], false));
        assert!(Color::Always.is_on(|_| Some("1".to_owned()), false));
        assert!(!Color::Never.is_on(none, true));
        for name in ["FORCE_COLOR", "CLICOLOR_FORCE"] {
            assert!(auto(&[(name, "1")], false), "{name}");
            assert!(!auto(&[(name, "0")], false) && !auto(&[(name, "")], false), "{name}");
            assert!(!auto(&[(name, "1"), ("NO_COLOR", "1")], true), "{name}");
        }
        for (name, value) in [("NO_COLOR", "0"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
            assert!(!auto(&[(name, value)], true), "{name}");
        }
        assert!(auto(&[("NO_COLOR", ""), ("TERM", "xterm"), ("CLICOLOR", "1")], true));
    }
}
