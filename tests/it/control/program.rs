//! The verbs as the program: exit codes, output for people and programs, completions,
//! the manual page.

use std::io::Read;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::control::House;
use crate::support::program::{Ended, Home};

const VERBS: [&str; 16] = [
    "approve",
    "reject",
    "cancel",
    "reset",
    "kill",
    "reduce",
    "resume",
    "flatten",
    "settle",
    "acknowledge",
    "status",
    "positions",
    "orders",
    "trades",
    "why",
    "tail",
];

fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a verb where the house's socket is the only one.
fn run(house: &House, arguments: &[&str]) -> Ended {
    let runtime = house.home.path("run");
    ended(house.home.command("").env("XDG_RUNTIME_DIR", runtime).args(arguments))
}

#[track_caller]
fn check(ended: &Ended, code: i32, part: &str) {
    assert_eq!(ended.code, Some(code), "{} {}", ended.out, ended.err);
    let text = if code == 0 { &ended.out } else { &ended.err };
    assert!(text.contains(part), "{part:?}: {} {}", ended.out, ended.err);
}

#[test]
fn a_day_at_the_command_line() {
    let (house, trade) = House::waiting();
    let trade = trade.to_string();
    check(&run(&house, &["trades"]), 0, "WAITS FOR APPROVAL");
    check(&run(&house, &["approve", "nobody"]), 2, "flightdeck trades");
    check(&run(&house, &["approve", &trade]), 0, "is approved");
    check(&run(&house, &["why", &trade]), 0, "AAPL");
    check(&run(&house, &["positions"]), 0, "AAPL");
    check(&run(&house, &["kill", "--reason", "lunch"]), 0, "HALTED");
    check(&run(&house, &["status"]), 0, "HALTED");
    check(&run(&house, &["resume", "--reason", "back"]), 2, "--confirm \"QX91\"");
    check(&run(&house, &["resume", "--reason", "back", "--confirm", "QX91"]), 0, "ACTIVE");
    let flatten = ["flatten", "AAPL", "--confirm", "FLATTEN AAPL"];
    check(&run(&house, &flatten), 0, "AAPL is being closed");
    let kills: Vec<_> = house.inside.done();
    assert_eq!(kills.iter().filter(|done| **done == "gate").count(), 1);
}

#[test]
fn a_runtime_folder_that_is_none_leads_to_the_one_of_the_data_folder() {
    let (house, _) = House::waiting();
    let data = house.home.path(".local/share/flightdeck");
    std::fs::create_dir_all(&data).unwrap();
    std::os::unix::fs::symlink(house.home.path("run/flightdeck"), data.join("control")).unwrap();
    for runtime in ["", "run"] {
        let mut command = house.home.command("");
        let status = command.env("XDG_RUNTIME_DIR", runtime).args(["status"]);
        check(&ended(status), 0, "trading");
    }
}

#[test]
fn programs_get_one_line_of_json_whether_it_is_done_or_not() {
    let (house, _) = House::waiting();
    let done = run(&house, &["status", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(done.out.lines().count(), 1);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&answer["ok"], &answer["version"]), (&Value::from(true), &Value::from(1)));
    assert!(answer["data"]["account"]["nav"].is_number());
    assert!(answer.get("text").is_none());
    let refused = run(&house, &["flatten", "--json"]);
    assert_eq!(refused.code, Some(2));
    let answer: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(answer["error"]["code"], "not_confirmed");
    assert_eq!(answer["error"]["remedy"], "add --confirm \"FLATTEN ALL\"");
    assert!(refused.err.starts_with("flightdeck: "), "{}", refused.err);
}

#[test]
fn without_an_instance_the_exit_code_is_three() {
    let home = Home::new();
    let nobody = ended(home.command("status").env("XDG_RUNTIME_DIR", home.path("run")));
    check(&nobody, 3, "nobody runs");
    check(&home.run("kill --json --socket missing.sock"), 3, "nobody runs at missing.sock");
    check(&home.run("kill --name sim"), 3, "control/sim.sock");
    check(&home.run("kill --name ../sim"), 2, "no name of an instance");
    drop(UnixListener::bind(home.path("dead.sock")).unwrap());
    check(&home.run("orders --socket dead.sock"), 3, "nobody runs at dead.sock");
    check(&home.run("orders --socket a.sock --name b"), 2, "cannot be used with");
}

#[test]
fn of_several_instances_one_must_be_named() {
    let (house, _) = House::waiting();
    std::fs::write(house.home.path("run/flightdeck/paper.sock"), "").unwrap();
    check(&run(&house, &["status"]), 2, "several instances are here: paper, sim");
    check(&run(&house, &["status", "--name", "sim"]), 0, "AAPL".get(..0).unwrap());
}

#[test]
fn an_instance_that_hangs_up_leaves_the_outcome_unknown_and_a_kill_leaves_a_file() {
    let home = Home::new();
    let listener = UnixListener::bind(home.path("sim.sock")).unwrap();
    let house = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut heard = [0; 1];
            stream.read_exact(&mut heard).unwrap();
        }
    });
    check(&home.run("status --socket sim.sock"), 4, "the outcome is unknown");
    std::fs::create_dir_all(home.path(".local/share/flightdeck")).unwrap();
    check(&home.run("kill --socket sim.sock --reason frozen"), 4, "sim.kill is written");
    let file = home.path(".local/share/flightdeck/sim.kill");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "frozen\n");
    house.join().unwrap();
}

#[test]
fn a_stream_ends_quietly_when_its_reader_has_seen_enough() {
    let (house, trade) = House::waiting();
    let socket = house.socket();
    let arguments = format!("tail --json --filter operator --socket {}", socket.display());
    let mut tail = house.home.start(&arguments);
    // The program may not have subscribed yet: what it misses is said again.
    let first = std::thread::scope(|threads| {
        let reading = threads.spawn(|| tail.read(1));
        while !reading.is_finished() {
            run(&house, &["kill"]);
        }
        reading.join().unwrap()
    });
    let event: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(event["event"], "operator.kill");
    tail.close_output();
    run(&house, &["reject", &trade.to_string()]);
    run(&house, &["kill"]);
    let end = tail.end();
    assert_eq!((end.code, end.err.as_str()), (Some(0), ""));
}

#[test]
fn completions_name_every_verb_and_bash_takes_them() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&format!("completions {shell}"));
        assert_eq!(script.code, Some(0), "{}", script.err);
        for verb in VERBS {
            assert!(script.out.contains(verb), "{shell}: {verb}");
        }
    }
    let script = home.run("completions bash").out;
    std::fs::write(home.path("script"), script).unwrap();
    let bash =
        Command::new("bash").arg("-n").arg(home.path("script")).stdin(Stdio::null()).output();
    // Where there is no bash there is nobody to complain.
    if let Ok(parsed) = bash {
        assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    }
}

#[test]
fn the_manual_has_every_verb_and_every_exit_code() {
    let home = Home::new();
    let page = home.run("man");
    assert_eq!(page.code, Some(0), "{}", page.err);
    for verb in VERBS.iter().chain(&["replay", "journal", "config", "completions", "man"]) {
        let name = format!("flightdeck\\-{verb}(1)");
        assert!(page.out.contains(&name), "{name}: {}", page.out);
        let own = home.run(&format!("man {verb}"));
        assert_eq!(own.code, Some(0), "{verb}: {}", own.err);
        assert!(own.out.contains(".SH SYNOPSIS") || own.out.contains(".SH SUBCOMMANDS"), "{verb}");
    }
    for part in ["EXIT STATUS", "\\fB4\\fR", "SIGQUIT", "NAME.kill"] {
        assert!(page.out.contains(part), "{part}");
    }
    check(&home.run("man launch"), 2, "there is no verb 'launch'");
    check(&home.run("--help"), 0, "4  no answer in time");
}
