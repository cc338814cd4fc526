//! Keys and changes of size at the same time.

use super::Desk;

/// Typed one by one; each must be seen before the next one could push it along.
const TYPED: &str = "the quick brown fox jumps over lazy dogs 0123456789";

#[test]
fn no_key_is_lost_or_late_in_a_storm_of_sizes() {
    let mut desk = Desk::start((120, 40));
    desk.see("NVDA");
    desk.press(":");
    let mut typed = String::from(":");
    for (number, letter) in TYPED.chars().enumerate() {
        let side = u16::try_from(number % 7).unwrap();
        desk.resize((100 + side, 30 + side));
        desk.press(letter.encode_utf8(&mut [0; 4]));
        desk.resize((110 - side, 36 - side));
        typed.push(letter);
        // Nothing is pressed meanwhile: a key that waits for another would wait for ever.
        desk.see(typed.trim_end());
    }
    desk.check_ends_well();
    desk.check_restored();
}

#[test]
fn the_kill_key_is_heard_in_a_storm_of_sizes() {
    let mut desk = Desk::start((120, 40));
    desk.see("NVDA");
    for side in 0..50 {
        desk.resize((70 + side, 24));
        if side == 25 {
            // Behind an escape, as a hand that closes a dialog first.
            desk.press("\x1b\x0b");
        }
    }
    desk.see("KILL");
    desk.check_halted();
    desk.check_ends_well();
}

#[test]
fn two_hundred_sizes_in_a_row_do_no_harm_and_the_page_is_whole() {
    let mut desk = Desk::start((120, 40));
    desk.see("SIM");
    let mut side = 7_u32;
    for number in 0..200_u32 {
        side = side.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let (cols, rows) = (1 + side / 65_536 % 200, 1 + side / 16_777_216 % 60);
        let area = (u16::try_from(cols).unwrap(), u16::try_from(rows).unwrap());
        desk.resize(if number % 50 == 0 { (1, 1) } else { area });
        if number % 20 == 0 {
            desk.press("z");
        }
    }
    // There and back, so quickly that it may look as if nothing had changed.
    desk.resize((120, 40));
    desk.resize((1, 1));
    desk.resize((120, 40));
    desk.until("the whole page", |seen| is_whole(&seen.parser.screen().contents()));
    desk.press("\x0c");
    // What a terminal shows that has seen nothing else.
    desk.ask_until("status", |status| {
        status["trading"]["phase"] == "ACTIVE" && is_whole(&desk.drawn_anew((120, 40)))
    });
    desk.check_ends_well();
    desk.check_restored();
}

/// From the first place of the first line to the last of the last.
fn is_whole(page: &str) -> bool {
    let lines: Vec<&str> = page.lines().collect();
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return false };
    lines.len() == 40
        && first.starts_with(" SIM  ")
        && first.contains("  NAV ")
        && lines.iter().any(|line| line.starts_with("[1]Desk"))
        && lines.iter().filter(|line| line.chars().count() == 120).count() > 30
        && last.starts_with(" ? help")
        && last.trim_end().ends_with("^K KILL")
}
