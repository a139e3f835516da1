//! Man pages from the command line's types. What a command's help ends with (values, keys,
//! examples) becomes sections, whose lines stay as they are.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command};

/// The date that pages bear: of the version, not of the build.
const DATE: &str = "2026-11-27";
const GLOBAL: &str = "Global options";
/// What stands before a further line of a text that has a name.
const FURTHER: &str = "              ";
/// No line of a source is longer.
const WIDTH: usize = 78;

/// The page of a command. The program's own page has what all commands share.
pub fn page(command: &Command, name: &str, program: &Command, others: &[String]) -> String {
    let is_program = name == program.get_name();
    let mut page = Page::default();
    page.line(&format!(
        ".TH {} 1 {DATE} \"tokenctl {}\" \"tokenctl\"",
        escaped(&name.to_uppercase()),
        env!("CARGO_PKG_VERSION")
    ));
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.section("NAME");
    page.text(&format!("{name} - {about}"));
    page.section("SYNOPSIS");
    page.text(&synopsis(command, name));
    page.section("DESCRIPTION");
    let long = command.get_long_about().map_or(about, ToString::to_string);
    for (index, paragraph) in long.split("\n\n").enumerate() {
        if index > 0 {
            page.line(".PP");
        }
        page.text(paragraph);
    }

    let end = command.get_after_long_help().or(command.get_after_help());
    let end = end.map(ToString::to_string).unwrap_or_default();
    let sections: Vec<_> = end.split("\n\n").filter_map(|it| it.split_once(":\n")).collect();
    let (values, rest): (Vec<_>, Vec<_>) =
        sections.into_iter().partition(|(it, _)| *it == "Values");
    for section in values {
        page.verbatim(section);
    }
    page.options(command, is_program);
    if is_program {
        page.section("COMMANDS");
        page.line(".PD 0");
        for command in command.get_subcommands().filter(|it| it.get_name() != "help") {
            page.line(".TP");
            page.line(&format!(".BR tokenctl\\-{} (1)", escaped(command.get_name())));
            page.text(&command.get_about().map(ToString::to_string).unwrap_or_default());
        }
        page.line(".PD");
    }
    let shared = program.get_after_help().map(ToString::to_string).unwrap_or_default();
    let shared = shared.split("\n\n").filter_map(|it| it.split_once(":\n"));
    let shared: Vec<_> = shared.filter(|(heading, _)| *heading != "Examples").collect();
    let own: Vec<_> = rest.into_iter().filter(|it| !shared.contains(it)).collect();
    for section in own {
        page.verbatim(section);
    }
    for section in shared {
        page.verbatim(section);
    }
    page.section("SEE ALSO");
    let others = others.iter().map(String::as_str).chain([program.get_name()]);
    // What is needed once stands on the program's page.
    let is_needed_once =
        |it: &str| matches!(it, "tokenctl-init" | "tokenctl-completions") && name != "tokenctl";
    let others: Vec<_> = others.filter(|it| *it != name && !is_needed_once(it)).collect();
    for (index, other) in others.iter().enumerate() {
        let comma = if index + 1 < others.len() { "," } else { "" };
        page.line(&format!(".BR {} (1){comma}", escaped(other)));
    }
    page.0
}

/// The options with their values, in the order of the help; filters by one word.
fn synopsis(command: &Command, name: &str) -> String {
    let mut words = vec![
        name.replacen("tokenctl-", "tokenctl ", 1).replace("deploy-tokens-", "deploy-tokens "),
    ];
    let mut has_filters = false;
    for arg in command.get_arguments().filter(|it| !it.is_hide_set() && !is_help(it)) {
        match arg.get_help_heading() {
            Some(GLOBAL) => {}
            Some(_) => has_filters = true,
            None if arg.is_positional() => {
                let many = if is_many(arg) { " ..." } else { "" };
                let value = format!("{}{many}", values(arg));
                words.insert(1, if arg.is_required_set() { value } else { format!("[{value}]") });
            }
            None if arg.is_required_set() => words.push(spelled(arg)),
            None => words.push(format!("[{}]", spelled(arg))),
        }
    }
    if has_filters {
        words.insert(
            1 + usize::from(words.get(1).is_some_and(|it| it.starts_with("[<ID>"))),
            "[FILTER ...]".into(),
        );
    }
    if command.has_subcommands() {
        words.push("COMMAND ...".into());
    }
    words.push("[GLOBAL OPTION ...]".into());
    words.join(" ")
}

fn is_help(arg: &Arg) -> bool {
    matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

fn is_many(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// How an option is written, with its value.
fn spelled(arg: &Arg) -> String {
    let short = arg.get_short().map(|it| format!("-{it}"));
    let long = arg.get_long().map(|it| format!("--{it}"));
    let names: Vec<_> = short.into_iter().chain(long).collect();
    let takes = arg.get_action().takes_values();
    let value = match values(arg) {
        _ if !takes => String::new(),
        value if arg.is_require_equals_set() => format!("[={value}]"),
        value => format!(" {value}"),
    };
    if arg.is_positional() { values(arg) } else { format!("{}{value}", names.join(", ")) }
}

fn values(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names.iter().map(|it| format!("<{it}>")).collect::<Vec<_>>().join(" ")
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }

    fn section(&mut self, heading: &str) {
        self.line(&format!(".SH {}", escaped(heading)));
    }

    /// Text that is filled, in lines of at most so many characters.
    fn text(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            let word = escaped(word);
            if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
                self.line(&std::mem::take(&mut line));
            }
            if line.is_empty() && word.starts_with(['.', '\'']) {
                line.push_str("\\&");
            }
            if !line.is_empty() && !line.ends_with('&') {
                line.push(' ');
            }
            line.push_str(&word);
        }
        self.line(&line);
    }

    /// A section of the help, as it is.
    fn verbatim(&mut self, (heading, lines): (&str, &str)) {
        let (heading, note) = heading.split_once(" (").unwrap_or((heading, ""));
        self.section(&heading.to_uppercase());
        if let Some(note) = note.strip_suffix(')') {
            self.text(&format!("({note})"));
        }
        if lines.lines().any(|it| it.starts_with(FURTHER)) && heading.starts_with("Other") {
            return self.items(lines);
        }
        if !note.is_empty() {
            self.line(".PP");
        }
        self.line(".nf");
        for line in lines.lines() {
            let line = escaped(line.strip_prefix("  ").unwrap_or(line));
            let is_request = line.starts_with(['.', '\'']);
            self.line(&if is_request { format!("\\&{line}") } else { line });
        }
        self.line(".fi");
    }

    /// A section of names and longer texts, which are filled.
    fn items(&mut self, lines: &str) {
        let mut texts: Vec<(&str, String)> = Vec::new();
        for line in lines.lines() {
            if let (Some(more), Some((_, text))) = (line.strip_prefix(FURTHER), texts.last_mut()) {
                text.extend([" ", more]);
            } else {
                let (name, text) = line.trim().split_once(' ').unwrap_or((line, ""));
                texts.push((name, text.trim().into()));
            }
        }
        for (name, text) in texts {
            self.line(".TP");
            self.text(name);
            self.text(&text);
        }
    }

    fn options(&mut self, command: &Command, is_program: bool) {
        let shown: Vec<_> = command.get_arguments().filter(|it| !it.is_hide_set()).collect();
        let heading = |it: &Arg| it.get_help_heading().unwrap_or("Options").to_owned();
        let mut headings: Vec<_> = shown.iter().map(|it| heading(it)).collect();
        headings.dedup();
        headings.sort_by_key(|it| (it == GLOBAL, it.starts_with("Filters")));
        headings.dedup();
        for group in headings {
            let args = shown.iter().filter(|it| heading(it) == group);
            self.section(&group.split(" (").next().unwrap_or(&group).to_uppercase());
            if group == GLOBAL && !is_program {
                let names: Vec<_> = args.filter_map(|it| it.get_long()).collect();
                let names = names.iter().map(|it| format!("--{it}")).collect::<Vec<_>>().join(", ");
                self.text(&format!("{names}: as tokenctl(1) says."));
                continue;
            }
            if group.starts_with("Filters") {
                self.text("All combine with AND.");
            }
            // Without a blank line before each.
            self.line(".PD 0");
            for arg in args {
                self.line(".TP");
                self.text(&spelled(arg));
                let help = arg.get_long_help().or(arg.get_help());
                let mut help = help.map(ToString::to_string).unwrap_or_default();
                let possible: Vec<_> =
                    arg.get_possible_values().iter().map(|it| it.get_name().to_owned()).collect();
                if !possible.is_empty()
                    && arg.get_action().takes_values()
                    && !arg.is_require_equals_set()
                {
                    let _ = write!(help, " (one of {})", possible.join(", "));
                }
                let default: Vec<_> =
                    arg.get_default_values().iter().map(|it| it.to_string_lossy()).collect();
                if !default.is_empty() && arg.get_action().takes_values() {
                    let _ = write!(help, " [{}]", default.join(","));
                }
                self.text(&help);
            }
            self.line(".PD");
        }
    }
}

/// Escapes what roff would take for something else.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga")
}
