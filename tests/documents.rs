//! What is generated from the command line's types: help, man pages and
//! completions.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use expect_test::{ExpectFile, expect_file};

use crate::support::{Sandbox, tool};

/// The commands, from the program down.
fn commands() -> Vec<clap::Command> {
    fn add(command: &clap::Command, prefix: &str, all: &mut Vec<clap::Command>) {
        let name = format!("{prefix}{}", command.get_name());
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            add(sub, &format!("{name}-"), all);
        }
        all.push(command.clone().display_name(&name));
    }
    let mut all = Vec::new();
    let mut program = tokenctl::cli::Cli::command();
    program.build();
    add(&program, "", &mut all);
    all
}

fn golden(path: &str) -> ExpectFile {
    expect_file![Path::new(env!("CARGO_MANIFEST_DIR")).join(path)]
}

fn name(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

/// The man page of a command. What its help ends with (values, examples, exit
/// status) becomes sections of their own, whose lines stay as they are.
fn page(mut command: clap::Command) -> std::io::Result<Vec<u8>> {
    if command.find_subcommand("help").is_some() {
        // It has no page.
        command = command.mut_subcommand("help", |help| help.hide(true));
    }
    let end = command.get_after_long_help().or(command.get_after_help());
    let end = end.map(ToString::to_string).unwrap_or_default();
    let has_subcommands = command.has_subcommands();
    let man = clap_mangen::Man::new(command)
        .source(concat!("tokenctl ", env!("CARGO_PKG_VERSION")))
        .manual("tokenctl");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    for section in end.split("\n\n") {
        let (heading, lines) = match section.split_once(":\n") {
            Some((heading, lines)) if !heading.contains('\n') => (heading, lines),
            _ => ("Values", section),
        };
        writeln!(page, ".SH {}\n.nf", heading.to_uppercase())?;
        for line in lines.lines() {
            writeln!(page, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
        }
        writeln!(page, ".fi")?;
    }
    Ok(page)
}

#[test]
fn the_man_pages_are_current() {
    for command in commands() {
        let path = format!("man/{}.1", name(&command));
        let page = String::from_utf8(page(command).expect("a Vec")).expect("a page is UTF-8");
        golden(&path).assert_eq(&page);
    }
}

#[test]
fn the_man_pages_have_no_errors() {
    let Some(mandoc) = tool("mandoc") else { return };
    for command in commands() {
        let page = format!("{}/man/{}.1", env!("CARGO_MANIFEST_DIR"), name(&command));
        let output = Command::new(&mandoc).args(["-Tlint", "-Werror"]).arg(&page).output();
        let output = output.expect("mandoc runs");
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}");
    }
}

const SHELLS: [(&str, &str); 5] = [
    ("bash", "tokenctl.bash"),
    ("zsh", "_tokenctl"),
    ("fish", "tokenctl.fish"),
    ("elvish", "tokenctl.elv"),
    ("powershell", "_tokenctl.ps1"),
];

#[test]
fn the_completions_are_current() {
    let sandbox = Sandbox::without_store();
    for (shell, file) in SHELLS {
        let transcript = sandbox.run(&format!("completions {shell}"));
        golden(&format!("completions/{file}")).assert_eq(&transcript.assert(0).stdout);
    }
}

#[test]
fn the_shells_load_their_completions() {
    let sandbox = Sandbox::without_store();
    let file = |name: &str| format!("{}/completions/{name}", env!("CARGO_MANIFEST_DIR"));
    let scripts = [
        ("bash", format!("source {} && complete -p tokenctl", file("tokenctl.bash"))),
        (
            "zsh",
            format!(
                "autoload -U compinit && compinit -u -D && source {} && \
                 [[ ${{_comps[tokenctl]}} = _tokenctl ]]",
                file("_tokenctl")
            ),
        ),
        (
            "fish",
            format!(
                "source {}; and complete -C 'tokenctl deploy-tokens sh' | string match -q 'show*'",
                file("tokenctl.fish")
            ),
        ),
    ];
    for (shell, script) in scripts {
        let Some(path) = tool(shell) else { continue };
        let mut command = Command::new(path);
        sandbox.isolate(&mut command);
        let output = command.args(["-c", &script]).output().expect(shell);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && messages.is_empty(), "{shell}: {messages}");
    }
}

#[test]
fn the_help_is_as_reviewed() {
    let sandbox = Sandbox::without_store();
    let mut help = String::new();
    for command in commands() {
        let line =
            name(&command).replacen("tokenctl", "", 1).replace("deploy-tokens", "deploy_tokens");
        let line = line.replace('-', " ").replace("deploy_tokens", "deploy-tokens");
        let transcript = sandbox.run(&format!("{line} --help"));
        // Opens with a sentence, and shows how it is used.
        assert!(
            transcript.stdout.lines().next().is_some_and(|line| line.ends_with('.')),
            "{transcript}"
        );
        let has_examples = transcript.stdout.contains("\nExamples:\n");
        assert!(has_examples, "{transcript}");
        help.push_str(&transcript.assert(0).to_string());
        help.push('\n');
    }
    golden("tests/golden/help.txt").assert_eq(&help);
}
