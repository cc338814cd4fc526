//! The walls of the house: who may import whom, which call belongs to which place,
//! how long a file may be.
//!
//! One package has no walls between its modules; this test is the walls. The rules
//! are the tables at the top; below them is the plain text search that holds every
//! file under `src/` to them, and at the end the proof that it can find fault. It
//! knows Rust only as far as rustfmt and the style guide fix its looks: one
//! `use crate::folder::…` per line, a block closed at the indentation of its head.

#![expect(clippy::string_slice, reason = "every index comes from a search in the same text")]

use std::fs;
use std::path::Path;

/// A folder (or file) directly under `src/`, and what it may name of the others:
/// a whole folder (`domain`), or single items of it (`bus::Agent`).
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
}

const fn room(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { name, may_use }
}

/// Every folder in order of layers. What is not in its row a folder may not name;
/// what has no row may not exist.
const ROOMS: &[Room] = &[
    // Layer 0 and 1: values and rules. They can be read without knowing a bus.
    room("domain", &[]),
    room("fsm", &["domain"]),
    room("breakers", &["domain"]),
    room("indicators", &["domain"]),
    room("risk", &["domain"]),
    room("intel", &["domain"]),
    room("strategies", &["domain", "indicators", "intel"]),
    // Layer 2: an event may carry what the rules speak of.
    room("events", &["domain", "fsm", "breakers", "strategies", "risk", "intel"]),
    // Layer 3: order, delivery and the world outside.
    room("journal", &["domain", "events"]),
    room("bus", &["domain", "events", "journal"]),
    // The gateway admits calls (breakers, budgets), tells the state of links, and is one
    // of the two callers of the clock.
    room(
        "brokers",
        &["domain", "events", "fsm", "breakers", "bus::Agent", "bus::Outbox", "bus::clock"],
    ),
    room("sources", &["domain", "events", "intel", "bus::Agent", "bus::Outbox", "bus::Input"]),
    room("control", &["domain", "events", "view"]),
    // Layer 4: the agents and what is made of their events.
    // The roster puts the agents' seats in order of delivery.
    room(
        "agents",
        &[
            "domain",
            "events",
            "fsm",
            "breakers",
            "indicators",
            "strategies",
            "risk",
            "bus::Agent",
            "bus::Outbox",
            "bus::Roster",
            "bus::RosterSeat",
        ],
    ),
    room("view", &["domain", "events", "bus::Agent", "bus::Outbox"]),
    room("report", &["domain", "events", "view"]),
    // Layer 5: the screen gets a snapshot and a command sender, nothing else.
    // The clock paces and measures frames; nothing that is journalled depends on it.
    room("ui", &["domain", "view", "bus::clock"]),
    // The roof: everything below, and nobody below looks up.
    // A log line is stamped by the clock; spans say what rules and tap have said.
    room("telemetry", &["domain", "events", "risk", "journal", "bus::clock", "bus::Tap"]),
    room("config", ALL_ABOVE),
    room("app", ALL_ABOVE),
    room("cli", ALL_ABOVE),
    room("main", ALL_ABOVE),
    room("lib", &[]),
];

/// Every folder whose row stands higher up.
const ALL_ABOVE: &[&str] = &["*"];

/// Modules of one folder that never name each other. The folder's `mod.rs` and
/// what it holds besides are free.
const STRANGERS: &[(&str, &[&str])] = &[
    ("brokers", &["alpaca", "schwab", "sim"]),
    ("strategies", &["trend_following", "mean_reversion", "momentum", "volatility"]),
    (
        "agents",
        &["market_data", "order_execution", "strategy", "risk_management", "position_management"],
    ),
];

/// A text that belongs to few places: paths under `src/`, folders with a slash at
/// the end.
struct Belongs {
    text: &'static str,
    to: &'static [&'static str],
    why: &'static str,
}

const fn only(text: &'static str, to: &'static [&'static str], why: &'static str) -> Belongs {
    Belongs { text, to, why }
}

const CLOCK: &str = "only the clock asks what time it is";
const STREAMS: &str = "a print to a dead terminal panics: write to a stream that is passed in";
const EXIT: &str = "it skips the log's guard and the terminal's restoring: return an exit code";
const UNFINISHED: &str = "what is not there has no name yet";
const SEEDED: &str = "chance comes from a seed";
const NO_WAITING: &str = "it blocks a worker, and a test that waits is a test that fails on Monday";

const BELONGINGS: &[Belongs] = &[
    // The spine's deadline for a reply is wall time by design: what follows from it
    // is journalled as an input.
    only("Instant::now(", &["bus/clock.rs", "bus/spine.rs"], CLOCK),
    only("SystemTime::now(", &["bus/clock.rs"], CLOCK),
    only("UNIX_EPOCH.elapsed(", &["bus/clock.rs"], CLOCK),
    only("Timestamp::now(", &["bus/clock.rs"], CLOCK),
    only("Zoned::now(", &["bus/clock.rs"], CLOCK),
    only("Uuid::now_v7(", &[], CLOCK),
    only("thread::sleep(", &[], NO_WAITING),
    only("rand::rng(", &[], SEEDED),
    only("from_os_rng(", &[], SEEDED),
    only("SysRng", &[], SEEDED),
    only("println!(", &[], STREAMS),
    only("print!(", &[], STREAMS),
    only("eprintln!(", &[], STREAMS),
    only("eprint!(", &[], STREAMS),
    only("dbg!(", &[], STREAMS),
    only("process::exit(", &[], EXIT),
    only("process::abort(", &[], EXIT),
    only("todo!(", &[], UNFINISHED),
    only("unimplemented!(", &[], UNFINISHED),
    only("#[allow(", &[], "exceptions are #[expect(lint, reason)]"),
    only("#![allow(", &[], "exceptions are #[expect(lint, reason)]"),
    only("#[ignore", &[], "a test runs or goes"),
    only("#[should_panic", &[], "a test says what it expects"),
    // Crates and their homes.
    only("anyhow::", &["app.rs", "app/", "cli/", "main.rs"], "errors below are typed"),
    only("clap::", &["cli/", "main.rs"], "arguments end in cli"),
    only(
        "rusqlite::",
        &["journal/", "sources/intel/store/"],
        "SQL ends in the journal and the mail store",
    ),
    only("mail_parser::", &["intel/"], "mails are taken apart in one place"),
    only("regex::", &["intel/", "brokers/sim/server/schwab/"], "texts are searched in one place"),
    only("aho_corasick::", &["intel/"], "texts are searched in one place"),
    // In the roof it is our own folder, `crate::bus::redis`.
    only("redis::", &["bus/redis", "app/", "cli/", "config/"], "Redis carries, it does not decide"),
    only("reqwest::", &["brokers/", "control/"], "HTTP ends in brokers and alerts"),
    only("tokio_tungstenite::", &["brokers/"], "sockets end in brokers"),
    only("axum::", &["brokers/sim/server/", "control/"], "only simulated brokers serve"),
    only("rmp_serde::", &["brokers/"], "wire formats end in brokers"),
    only("secrecy::", &["brokers/", "config.rs", "config/"], "keys are for brokers alone"),
    only("ratatui::", &["ui/"], "only the screen draws"),
    only("crossterm::", &["ui/"], "only the screen draws"),
    only("set_symbol(", &[], "it lets foreign text's control codes through: set_stringn does not"),
    only("tracing_subscriber::", &["telemetry/"], "the log is set up in one place"),
    only("tracing_appender::", &["telemetry/"], "the log is set up in one place"),
    only("opentelemetry", &["telemetry/"], "telemetry is set up in one place"),
    only(
        "tokio::",
        &[
            "bus/",
            "brokers/",
            "sources/",
            "control/",
            "view/",
            "ui/",
            "app.rs",
            "app/",
            "cli/",
            "main.rs",
            "journal/",
            "telemetry/",
        ],
        "rules and agents are synchronous",
    ),
];

/// Lines of a file without its tests, and with them.
const LINES_MAX: usize = 500;
const LINES_MAX_WITH_TESTS: usize = 600;
/// Lines of a `mod.rs` that are neither comment, blank nor test.
const MOD_LINES_MAX: usize = 120;
/// Folders whose `mod.rs` holds their one entry type or catalogue and may be longer.
const ENTRIES: &[&str] = &[
    "agents/order_execution/mod.rs",     // the agent
    "agents/risk_management/mod.rs",     // the agent
    "agents/strategy/mod.rs",            // the agent
    "agents/position_management/mod.rs", // the agent
    "risk/rules/mod.rs",                 // the catalogue of rules
    "config/mod.rs",                     // the composed configuration
];

/// A broken rule and where.
#[derive(Debug, PartialEq)]
struct Breach {
    line: usize,
    rule: String,
}

/// Checks one file, given by its path under `src/`, against every rule.
fn breaches(path: &str, text: &str) -> Vec<Breach> {
    let code = without_comments(text);
    let mut found = Vec::new();
    found.extend(imports(path, &code));
    found.extend(supers(path, &code));
    found.extend(belongings(path, &code));
    found.extend(lengths(path, text, &code));
    if !text.starts_with("//!") && !text.starts_with("#![doc") {
        found.push(Breach { line: 1, rule: "a file opens with what it is: `//!`".into() });
    }
    found.sort_by_key(|breach| breach.line);
    found
}

/// Empties lines that are comments: a link in the documentation is no dependency.
fn without_comments(text: &str) -> String {
    let keep = |line: &str| !line.trim_start().starts_with("//");
    text.lines().map(|line| if keep(line) { format!("{line}\n") } else { "\n".into() }).collect()
}

/// Where a text begins in the code, with the number of its line; not inside a
/// longer word.
fn places<'a>(code: &'a str, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    let bounded = text.starts_with(is_word);
    code.match_indices(text)
        .filter(move |(at, _)| !(bounded && code[..*at].ends_with(is_word)))
        .map(|(at, _)| (at, code[..at].matches('\n').count() + 1))
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn first_word(text: &str) -> &str {
    &text[..text.find(|letter| !is_word(letter)).unwrap_or(text.len())]
}

/// The names a path goes on with: `Agent` of `Agent::new`, all of `{Agent, Outbox}`.
fn next_names(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else { return vec![first_word(path)] };
    let mut depth = 1;
    let end = group.find(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0
    });
    let mut depth = 0;
    group[..end.unwrap_or(group.len())]
        .split(|letter| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            letter == ',' && depth == 0
        })
        .map(|part| first_word(part.trim_start()))
        .filter(|name| !name.is_empty())
        .collect()
}

/// The folder or file under `src/` that a path lies in.
fn room_of(path: &str) -> &str {
    path.split('/').next().map_or("", |first| first.strip_suffix(".rs").unwrap_or(first))
}

/// The module within its folder: `alpaca` of `brokers/alpaca/rest.rs`.
fn module_of(path: &str) -> &str {
    room_of(path.split_once('/').map_or("", |(_, rest)| rest))
}

/// Tests build events, and so may name what an event carries.
fn in_events(items: &[&str], item: &str) -> bool {
    let events = ROOMS.iter().find(|room| room.name == "events");
    items.contains(&"events") && events.is_some_and(|events| events.may_use.contains(&item))
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Every `crate::…` is in the row of its folder, and strangers stay strangers.
fn imports(path: &str, code: &str) -> Vec<Breach> {
    let own = room_of(path);
    let Some(floor) = ROOMS.iter().position(|room| room.name == own) else {
        return vec![Breach { line: 1, rule: format!("`{own}` has no row in ROOMS") }];
    };
    let may_use = |item: &str| match ROOMS[floor].may_use {
        ALL_ABOVE => ROOMS[..floor].iter().any(|room| room.name == item),
        items => items.contains(&item) || (is_test(path) && in_events(items, item)),
    };
    let strangers = STRANGERS.iter().find(|(folder, _)| *folder == own);
    let strangers = strangers.map_or(&[] as &[&str], |(_, modules)| modules);
    let mut found = Vec::new();
    for (at, line) in places(code, "crate::") {
        let rest = &code[at + "crate::".len()..];
        let folder = first_word(rest);
        let names = rest[folder.len()..].strip_prefix("::").map_or(vec![], next_names);
        if folder.is_empty() {
            found.push(Breach { line, rule: "one `use crate::folder::…` per line".into() });
        } else if folder == own {
            let module = module_of(path);
            for name in names.into_iter().filter(|name| *name != module) {
                if strangers.contains(&module) && strangers.contains(&name) {
                    let rule = format!("{own}/{module} and {own}/{name} never name each other");
                    found.push(Breach { line, rule });
                }
            }
        } else if !may_use(folder) {
            let items = names.iter().map(|name| format!("{folder}::{name}"));
            let items = if names.is_empty() { vec![folder.to_owned()] } else { items.collect() };
            for item in items.iter().filter(|item| !may_use(item)) {
                found.push(Breach { line, rule: format!("{own} may not use {item}") });
            }
        }
    }
    found
}

/// `super::` never leaves its folder. A file may say it once, a `mod.rs` not at
/// all, a module within a file once more.
fn supers(path: &str, code: &str) -> Vec<Breach> {
    let is_folder = path.ends_with("/mod.rs") || !path.contains('/');
    let mut inline: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if text == "}" && inline.last() == Some(&indent) {
            inline.pop();
        }
        let steps = longest_chain(text);
        if steps > inline.len() + usize::from(!is_folder) {
            let rule = "`super::` never leaves its folder".into();
            found.push(Breach { line: number + 1, rule });
        }
        let head = text.split_once("mod ").map(|(before, _)| before.trim_end());
        if text.ends_with('{') && matches!(head, Some("" | "pub" | "pub(crate)")) {
            inline.push(indent);
        }
    }
    found
}

/// How often `super::` follows itself at most.
fn longest_chain(text: &str) -> usize {
    let mut chain = "super::".to_owned();
    while text.contains(&chain) {
        chain += "super::";
    }
    chain.len() / "super::".len() - 1
}

/// Calls and crates are where they belong.
fn belongings(path: &str, code: &str) -> Vec<Breach> {
    let mut found = Vec::new();
    for Belongs { text, to, why } in BELONGINGS {
        if !to.iter().any(|home| path.starts_with(home)) {
            let rule = |line| Breach { line, rule: format!("`{text}` has no place here: {why}") };
            found.extend(places(code, text).map(|(_, line)| rule(line)));
        }
    }
    found
}

/// Files are short, and a `mod.rs` is a table of contents.
fn lengths(path: &str, text: &str, code: &str) -> Vec<Breach> {
    let is_test = is_test(path);
    let tests_at = |line: &str| line == "#[cfg(test)]";
    let all = text.lines().count();
    let plain = text.lines().take_while(|line| !tests_at(line)).count();
    let written = code.lines().take_while(|line| !tests_at(line));
    let written = written.filter(|line| !line.trim().is_empty()).count();
    let mut found = Vec::new();
    let mut check = |is_wrong: bool, rule: String| {
        if is_wrong {
            found.push(Breach { line: all, rule });
        }
    };
    check(
        plain > LINES_MAX && !is_test,
        format!("{plain} lines without tests, {LINES_MAX} at most"),
    );
    check(
        all > LINES_MAX_WITH_TESTS,
        format!("{all} lines, {LINES_MAX_WITH_TESTS} at most with tests"),
    );
    check(
        path.ends_with("/mod.rs")
            && !is_test
            && written > MOD_LINES_MAX
            && !ENTRIES.contains(&path),
        format!("{written} lines of code in a mod.rs, {MOD_LINES_MAX} at most: it holds no logic"),
    );
    found
}

/// Every Rust file below a folder, by its path from there, in alphabetical order.
fn files(folder: &Path, prefix: &str) -> Vec<(String, String)> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let path = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path(), &format!("{path}/")));
        } else if Path::new(&path).extension().is_some_and(|end| end == "rs") {
            found.push((path, fs::read_to_string(entry.path()).unwrap()));
        }
    }
    found
}

#[test]
fn every_file_keeps_the_rules_of_the_house() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files(&source, "");
    assert!(files.len() > 100, "the search has found the source");
    let broken: Vec<String> = files
        .iter()
        .flat_map(|(path, text)| breaches(path, text).into_iter().map(move |found| (path, found)))
        .map(|(path, Breach { line, rule })| format!("src/{path}:{line}: {rule}"))
        .collect();
    assert!(broken.is_empty(), "{} broken rules\n{}", broken.len(), broken.join("\n"));
}

/// What the checker finds in a file of this path and text, as `line: rule`.
#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    let found = breaches(path, &format!("//! A file.\n{text}"));
    let found: Vec<_> =
        found.into_iter().map(|Breach { line, rule }| format!("{line}: {rule}")).collect();
    assert_eq!(found, expected, "{path}\n{text}");
}

#[test]
fn a_folder_uses_what_its_row_allows() {
    check("fsm/order.rs", "use crate::domain::ids::Seq;", &[]);
    check("fsm/order.rs", "use crate::fsm::trade::Trade;", &[]);
    check("domain/ids.rs", "use crate::fsm::Trade;", &["2: domain may not use fsm::Trade"]);
    check("risk/a/b.rs", "\nfn f(bus: &crate::bus::Bus) {}", &["3: risk may not use bus::Bus"]);
    check("events/a.rs", "    #[serde(with = \"crate::ui\")]", &["2: events may not use ui"]);
    check("app.rs", "use crate::agents::roster;\nuse crate::cli;", &["3: app may not use cli"]);
    check("ui/a.rs", "use crate::agents;", &["2: ui may not use agents"]);
}

#[test]
fn a_folder_may_be_allowed_single_items_of_another() {
    check("agents/strategy.rs", "use crate::bus::{Agent, Outbox};", &[]);
    check("agents/strategy.rs", "use crate::bus::Outbox;", &[]);
    let clock = "use crate::bus::{\n    Agent, clock::{self, Clock},\n    spine as order,\n};";
    let rules = ["2: agents may not use bus::clock", "2: agents may not use bus::spine"];
    check("agents/strategy.rs", clock, &rules);
    check("agents/strategy.rs", "use crate::bus;", &["2: agents may not use bus"]);
}

#[test]
fn tests_may_name_what_an_event_carries() {
    check("journal/tests.rs", "use crate::fsm::trade;", &[]);
    check("journal/sqlite.rs", "use crate::fsm::trade;", &["2: journal may not use fsm::trade"]);
    check("ui/tests.rs", "use crate::fsm::trade;", &["2: ui may not use fsm::trade"]);
    check("journal/tests.rs", "use crate::bus::Spine;", &["2: journal may not use bus::Spine"]);
}

#[test]
fn a_folder_without_a_row_is_refused() {
    check("util/mod.rs", "", &["1: `util` has no row in ROOMS"]);
}

#[test]
fn a_group_of_folders_in_one_use_is_refused() {
    check("bus/a.rs", "use crate::{domain, ui};", &["2: one `use crate::folder::…` per line"]);
}

#[test]
fn a_link_in_the_documentation_is_no_dependency() {
    check("domain/a.rs", "/// See [`crate::fsm`].\n// Instant::now() is not asked.", &[]);
}

#[test]
fn strangers_never_name_each_other() {
    let rule = "2: agents/strategy and agents/risk_management never name each other";
    check("agents/strategy.rs", "use crate::agents::risk_management::Cap;", &[rule]);
    check("agents/strategy/scan.rs", "use crate::agents::{risk_management};", &[rule]);
    check("agents/strategy/scan.rs", "use crate::agents::strategy::book;", &[]);
    check("agents/mod.rs", "use crate::agents::risk_management::Cap;", &[]);
    check("strategies/ensemble.rs", "use crate::strategies::momentum;", &[]);
}

#[test]
fn super_never_leaves_its_folder() {
    let rule = "`super::` never leaves its folder";
    check("fsm/order/state.rs", "use super::input;", &[]);
    check("fsm/order/state.rs", "mod tests {\n    use super::super::input;\n}", &[]);
    check("fsm/order/state.rs", "use super::super::trade;", &[&format!("2: {rule}")]);
    check("fsm/order/mod.rs", "use super::trade;", &[&format!("2: {rule}")]);
    check("fsm/order/mod.rs", "mod tests {\n    use super::*;\n}", &[]);
    let after = "mod tests {\n    use super::*;\n}\nuse super::trade;";
    check("fsm/order/mod.rs", after, &[&format!("5: {rule}")]);
    check("app.rs", "use super::fsm;", &[&format!("2: {rule}")]);
}

#[test]
fn a_call_that_belongs_elsewhere_is_refused() {
    let rule = |text: &str, why: &str| format!("2: `{text}` has no place here: {why}");
    check("bus/clock.rs", "jiff::Timestamp::now();", &[]);
    check("fsm/a.rs", "jiff::Timestamp::now();", &[&rule("Timestamp::now(", CLOCK)]);
    check("view/a.rs", "tokio::time::Instant::now();", &[&rule("Instant::now(", CLOCK)]);
    check("fsm/a.rs", "    println!(\"x\");", &[&rule("println!(", STREAMS)]);
    check("fsm/a.rs", "eprintln!(\"x\");", &[&rule("eprintln!(", STREAMS)]);
    check("cli/a.rs", "std::process::exit(1)", &[&rule("process::exit(", EXIT)]);
    check("fsm/a.rs", "todo!()", &[&rule("todo!(", UNFINISHED)]);
    check(
        "fsm/a.rs",
        "#[allow(x)]",
        &[&rule("#[allow(", "exceptions are #[expect(lint, reason)]")],
    );
    check(
        "bus/a.rs",
        "use rusqlite::x;",
        &[&rule("rusqlite::", "SQL ends in the journal and the mail store")],
    );
    check("fsm/a.rs", "blueprint!(\"a longer word\")", &[]);
}

#[test]
fn a_long_file_is_refused_and_its_tests_count_less() {
    let lines = |count: usize| "x\n".repeat(count);
    let tests = |count: usize| format!("#[cfg(test)]\n{}", lines(count));
    check("fsm/a.rs", &lines(499), &[]);
    check("fsm/a.rs", &lines(500), &["501: 501 lines without tests, 500 at most"]);
    check("fsm/a.rs", &(lines(499) + &tests(99)), &[]);
    check("fsm/a.rs", &(lines(499) + &tests(100)), &["601: 601 lines, 600 at most with tests"]);
    check("fsm/tests.rs", &lines(599), &[]);
}

#[test]
fn a_mod_file_holds_no_logic() {
    let rule = "122: 121 lines of code in a mod.rs, 120 at most: it holds no logic";
    check("fsm/order/mod.rs", &"x\n".repeat(121), &[rule]);
    check("fsm/order/mod.rs", &"// why\n\n".repeat(121), &[]);
    check("fsm/tests/mod.rs", &"x\n".repeat(121), &[]);
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_refused() {
    let found = breaches("fsm/a.rs", "use std::fmt;\n");
    let rule = "a file opens with what it is: `//!`".into();
    assert_eq!(found, [Breach { line: 1, rule }]);
}
