//! The help texts are true: every command has examples, and every example is a command line of this
//! program.

use clap::Command;
use host_train::cli::Cli;
use std::ffi::OsString;

/// Returns every command of the program, with its name as it is typed.
fn commands() -> Vec<(String, Command)> {
    fn add(name: String, command: &Command, all: &mut Vec<(String, Command)>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            add(format!("{name} {}", inner.get_name()), inner, all);
        }
        all.push((name, command.clone()));
    }
    let mut program = Cli::description();
    program.build();
    let mut all = Vec::new();
    add("host-train".into(), &program, &mut all);
    assert!(all.len() > 20, "{}", all.len());
    all
}

/// Returns the lines of a help text between `Examples:` and the next empty one.
fn examples(help: &str) -> Vec<&str> {
    help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| !line.is_empty()).collect()
}

/// Returns the arguments of an example, as a shell splits them; neither its comment nor where its output
/// goes.
fn arguments(example: &str) -> Vec<OsString> {
    let example = example.trim_start();
    let end = ["  ", " >"].iter().filter_map(|mark| example.find(mark)).min().unwrap_or(example.len());
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in example[..end].chars() {
        match (character, words.last_mut()) {
            ('"', _) => quoted = !quoted,
            (' ', _) if !quoted => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => unreachable!("there is a first word"),
        }
    }
    words.into_iter().map(OsString::from).collect()
}

#[test]
fn every_command_has_examples_that_it_takes() {
    for (name, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "`{name} --help` has no examples");
        let own = |example: &&str| example.split_whitespace().any(|word| word == command.get_name());
        assert!(examples.iter().any(own), "`{name} --help` shows other commands only");
        for example in examples {
            // A longer one would be broken on a terminal of this width, and could not be copied.
            assert!(example.chars().count() <= 80, "wider than a terminal: {example}");
            let parsed = Cli::from_arguments(arguments(example));
            assert!(parsed.is_ok(), "`{name} --help` shows {example}\n{}", parsed.unwrap_err());
        }
    }
}

#[test]
fn help_fits_a_terminal_and_names_the_exit_statuses() {
    for (name, command) in commands() {
        for width in [80, 100] {
            let help = command.clone().term_width(width).render_long_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= width, "`{name} --help` in {width} columns: {line}");
            }
            for status in ["0    done", "1    failed", "2    wrong usage", "130  interrupted", "141  nobody"]
            {
                assert!(help.contains(&format!("\n  {status}")), "`{name} --help`: {status}");
            }
        }
    }
}

#[test]
fn quiet_stands_anywhere_and_options_of_training_do_not() {
    let parse = |line: &str| Cli::from_arguments(line.split(' ').map(OsString::from));
    for line in
        ["host-train -q inspect x", "host-train inspect x --quiet", "host-train device -q --port COM3 info"]
    {
        assert!(parse(line).is_ok(), "{line}");
    }
    let error = parse("host-train --name x inspect y").unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("`--name <NAME>` stands before `inspect`"), "{error}");
    let error = parse("host-train insepct y").unwrap_err();
    assert!(error.to_string().contains("a similar subcommand exists: 'inspect'"), "{error}");
    let error = parse("host-train recognise x.png").unwrap_err();
    assert!(error.to_string().contains("tip: boards have such a command: 'device recognise'"), "{error}");
    let error = parse("host-train device recogise x.png").unwrap_err();
    assert!(!error.to_string().contains("boards have"), "{error}");
}
