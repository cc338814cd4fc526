//! What is seen: at every size, with other looks, and again after a new start.

use rustix::process::Signal;

use super::{Desk, QUICK, home};

#[test]
fn the_cockpit_opens_at_every_size_and_trades() {
    for area in [(120, 40), (80, 24), (40, 10), (20, 5)] {
        let mut desk = Desk::start(area);
        let page = desk.see("SIM");
        assert!(page.lines().all(|line| line.chars().count() <= usize::from(area.0)), "{page}");
        if area.0 >= 40 {
            desk.press("2");
            desk.see("NVDA");
        }
        desk.ask_until("status", |status| status["counts"]["positions"].as_u64() > Some(0));
        desk.check_ends_well();
        desk.check_restored();
    }
}

#[test]
fn the_wire_run_opens_without_arguments() {
    let desk_home = home();
    let mut desk = Desk::with(desk_home, "--config small.toml", (120, 40), &[]);
    desk.see("NVDA");
    desk.ask_until("status", |status| status["seq"].as_u64() > Some(100));
    desk.check_ends_well();
    desk.check_restored();
}

#[test]
fn looks_are_chosen_by_flags_and_variables() {
    let mut desk = Desk::with(home(), QUICK, (120, 40), &[("NO_COLOR", "1")]);
    desk.see("NVDA");
    assert!(!desk.is_coloured());
    desk.check_ends_well();

    let mut desk = Desk::with(home(), &format!("{QUICK} --ascii --theme light"), (120, 40), &[]);
    let page = desk.see("NVDA");
    assert!(page.is_ascii(), "{page}");
    assert!(desk.is_coloured());
    desk.check_ends_well();

    let mut desk = Desk::with(home(), &format!("{QUICK} --theme none-such"), (120, 40), &[]);
    desk.see("there is no theme 'none-such'");
    assert_eq!(desk.end().exit_code(), 2);
    assert!(!desk.written().contains("\x1b[?1049h"), "the terminal was not taken");
}

#[test]
fn the_theme_is_read_again_on_usr1_and_a_broken_one_is_named_by_line() {
    let home = home();
    let themes = home.path(".config/flightdeck/themes");
    std::fs::create_dir_all(&themes).unwrap();
    let file = themes.join("mine.toml");
    let theme =
        |mine: &str| format!("name = \"mine\"\ninherits = \"dark\"\n[palette]\nmine = {mine}\n");
    std::fs::write(&file, theme("{ rgb = \"#7bc98f\", c256 = 114, c16 = 10 }")).unwrap();
    let mut desk = Desk::with(home, &format!("{QUICK} --theme mine"), (120, 40), &[]);
    desk.see("NVDA");
    std::fs::write(&file, theme("{ broken")).unwrap();
    desk.signal(Signal::USR1);
    desk.see("theme mine, line 4");
    std::fs::write(&file, theme("{ rgb = \"#7bc98f\", c256 = 114, c16 = 10 }")).unwrap();
    desk.signal(Signal::USR1);
    desk.see("theme mine: read again");
    desk.check_ends_well();
}

#[test]
fn the_page_opens_as_it_was_left_and_a_broken_memory_is_passed_over() {
    use std::os::unix::fs::PermissionsExt;
    let mut desk = Desk::start((120, 40));
    desk.see("NVDA");
    desk.press("6z!/sess\r");
    // In the pane's heading: `sess` alone is in the events as well.
    desk.see("/sess");
    desk.see("ARMED 0:");
    desk.check_ends_well();
    let state = desk.home.path(".local/state/flightdeck");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for entry in std::fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&desk.home.path("journal")), 0o600);
    let text = std::fs::read_to_string(state.join("session.toml")).unwrap();
    assert!(text.contains("tab = \"Events\"") && text.contains("Events = \"sess\""), "{text}");
    assert!(!text.contains("arm"), "{text}");

    let again = QUICK.replace(" journal ", " second ");
    let broken = home();
    std::fs::create_dir_all(broken.path(".local/state/flightdeck")).unwrap();
    std::fs::write(broken.path(".local/state/flightdeck/session.toml"), &text).unwrap();
    let mut desk = Desk::with(broken, &again, (120, 40), &[]);
    desk.see("/sess");
    desk.see("DISARMED");
    desk.check_ends_well();
    std::fs::write(desk.home.path(".local/state/flightdeck/session.toml"), "tab = [").unwrap();
    let kept = std::mem::replace(&mut desk.home, home());
    let mut desk = Desk::with(kept, &again.replace("second", "third"), (120, 40), &[]);
    desk.see("session.toml");
    desk.see("NVDA");
    desk.check_ends_well();
}

#[test]
fn read_only_offers_nothing_that_trades() {
    let arguments = QUICK.replace("small", "manual") + " --read-only";
    let mut desk = Desk::with(home(), &arguments, (120, 40), &[]);
    desk.ask_until("status", |status| status["counts"]["approvals"].as_u64() > Some(0));
    desk.press("ax!?");
    let page = desk.see("Keys").to_lowercase();
    for word in ["flatten", "review the"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    let status = desk.ask_until("status", |_| true);
    assert_eq!(status["trading"]["phase"], "ACTIVE");
    desk.check_ends_well();
}

#[test]
fn a_standard_output_that_is_no_terminal_runs_without_a_screen_and_says_so() {
    let home = home();
    let ended = home.run("--config small.toml --journal j --seed 7 --speed max --duration 2m");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.starts_with("flightdeck: this is no terminal to draw on"), "{}", ended.err);
    assert!(ended.out.starts_with('{'), "events go on as lines");
}
