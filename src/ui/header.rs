//! The first line: mode, account and money at the left; trading state, session, clock,
//! feed and orders at the right. What finds no room is left out as a whole, the least
//! important first: a number that is cut off lies.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::facts::Mode;
use crate::ui::format;
use crate::ui::keymap::Action;
use crate::ui::panels::breakers::light;
use crate::ui::panels::cards::link;
use crate::ui::panels::machine::journal_light;
use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::Pen;
use crate::view::{BreakerPhase, BreakerRow, Delay, JournalState, LinkPhase, TradingPhase};

/// Below this width words give way to initials, and cents are left out.
const LONG_FROM: u16 = 100;
/// Columns for the name of a feed.
const FEED: usize = 14;

/// Texts that are shown together or not at all.
struct Piece {
    /// The smaller, the longer it stays.
    rank: u8,
    parts: Vec<(String, Style)>,
}

impl Piece {
    fn new<const N: usize>(rank: u8, parts: [(String, Style); N]) -> Self {
        Self { rank, parts: parts.into() }
    }

    fn width(&self) -> usize {
        self.parts.iter().map(|(text, _)| text.width()).sum()
    }
}

/// Draws the line. With real money the whole of it says so.
pub(super) fn header(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let is_live = scene.mode() == Mode::Live;
    let mode = scene.mode_style();
    if is_live {
        buffer.set_style(area, mode);
    }
    let style = |meaning| if is_live { mode } else { scene.style(meaning) };
    let is_short = area.width < LONG_FROM;
    let mut left = money(scene, is_short, style);
    let mut right = lights(scene, is_short, style);
    let word = format!(" {} ", scene.mode().word());
    let mut room = usize::from(area.width).saturating_sub(word.width());
    for rank in 0..=u8::MAX {
        let mut is_done = true;
        for pieces in [&mut left, &mut right] {
            pieces.retain(|piece| {
                is_done &= piece.rank <= rank;
                if piece.rank != rank {
                    return true;
                }
                let fits = piece.width() <= room;
                if fits {
                    room -= piece.width();
                }
                fits
            });
        }
        if is_done {
            break;
        }
    }
    let mut pen = Pen::new(buffer, area);
    pen.write(&word, mode);
    let mut parts = |parts: &mut dyn Iterator<Item = &(String, Style)>, is_right: bool| {
        for (text, style) in parts {
            if is_right {
                pen.write_right(text, *style)
            } else {
                pen.write(text, *style)
            };
        }
    };
    parts(&mut left.iter().flat_map(|piece| &piece.parts), false);
    parts(&mut right.iter().rev().flat_map(|piece| piece.parts.iter().rev()), true);
}

fn money(scene: &Scene<'_>, is_short: bool, style: impl Fn(Meaning) -> Style) -> Vec<Piece> {
    let account = &scene.snapshot.account;
    let (plain, dim) = (style(Meaning::Text), style(Meaning::Dim));
    let cents = |amount: String| {
        let whole = amount.split_once('.').map_or(amount.as_str(), |(whole, _)| whole);
        if is_short { whole.to_owned() } else { amount }
    };
    let (arrow, meaning) = format::trend(account.day_pnl);
    let day = cents(format::signed_money(account.day_pnl));
    // The arrow is the sign.
    let ratio = account.day_ratio().map(|ratio| format::percent(ratio.abs(), 2));
    let ratio = ratio.map(|ratio| format!(" {}{}", scene.sign(arrow), ratio.trim_matches('+')));
    let mut pieces = Vec::with_capacity(5);
    let name = &*scene.snapshot.run.account;
    if !name.is_empty() && !name.eq_ignore_ascii_case(scene.mode().word()) {
        pieces.push(Piece::new(9, [(format!(" {name} "), dim)]));
    }
    let speed = scene.snapshot.run.speed;
    if speed > 1 {
        pieces.insert(0, Piece::new(6, [(format!(" {speed}x "), dim)]));
    }
    let nav = cents(format::money(account.nav));
    pieces.push(Piece::new(2, [(" NAV ".into(), dim), (nav, plain)]));
    pieces.push(Piece::new(3, [("  DAY ".into(), dim), (day, style(meaning))]));
    pieces.extend(ratio.map(|ratio| Piece::new(7, [(ratio, style(meaning))])));
    let exposure = account.gross_ratio().map(format::share);
    pieces.extend(exposure.map(|part| Piece::new(8, [("  EXP ".into(), dim), (part, plain)])));
    pieces
}

fn lights(scene: &Scene<'_>, is_short: bool, style: impl Fn(Meaning) -> Style) -> Vec<Piece> {
    let snapshot = scene.snapshot;
    let (plain, dim) = (style(Meaning::Text), style(Meaning::Dim));
    let mut pieces = Vec::with_capacity(6);
    if let Some(since) = scene.app.paused_since {
        let words = format!(" PAUSED {} ", format::duration(scene.app.now.since(since)));
        pieces.push(Piece::new(1, [(words, scene.style(Meaning::Warn))]));
    }
    if snapshot.trading.phase != TradingPhase::Active {
        let words = format!(" {} ", snapshot.trading.phase.name());
        pieces.push(Piece::new(0, [(words, scene.style(Meaning::Trip))]));
    }
    // A source that stands in for another one is said.
    if let Some(source) = snapshot.source.as_ref().filter(|source| source.stands_in) {
        let words = format!(" data {} ", source.source);
        pieces.push(Piece::new(2, [(words, scene.style(Meaning::Warn))]));
    }
    pieces.extend(alerts(scene, is_short));
    pieces.extend(login(scene, is_short, &style));
    pieces.push(Piece::new(6, [(format!(" {}", session(scene)), dim)]));
    pieces.push(Piece::new(1, [(format!(" {}Z", format::clock(snapshot.at)), plain)]));
    let feed = feed(scene);
    let word = if is_short && feed.is_well { "f" } else { &feed.name };
    let gap = if is_short { "" } else { " " };
    let sign = (format!("{gap}{}", scene.sign(feed.sign)), style(feed.meaning));
    pieces.push(Piece::new(4, [(format!(" {word}"), dim), sign]));
    // How old is of more weight while something is wrong.
    let rank = if feed.is_well { 7 } else { 5 };
    pieces.push(Piece::new(rank, [(format!(" {}", feed.age), style(feed.meaning))]));
    let delay = snapshot.latency.feed;
    if feed.is_well && delay.measured > 0 {
        pieces.push(Piece::new(11, [(format!(" lag {}", format::micros(delay)), plain)]));
    }
    let (sign, meaning) = orders(scene);
    let word = if is_short { " o" } else { " ord " };
    pieces.push(Piece::new(4, [(word.into(), dim), (scene.sign(sign).into(), style(meaning))]));
    pieces.extend(bus(scene, is_short, &style));
    pieces.extend(journal(scene, is_short, style));
    pieces.extend(acknowledged(snapshot.latency.orders, (plain, dim)));
    pieces
}

/// Alerts that wait to be acknowledged, and the key that does it.
fn alerts(scene: &Scene<'_>, is_short: bool) -> Option<Piece> {
    let count = scene.app.alerts.count;
    let key = scene.app.keymap.shown(Action::Acknowledge);
    let words =
        if is_short { format!(" !{count} {key} ") } else { format!(" {count} ALERTS {key} ") };
    (count > 0).then(|| Piece::new(1, [(words, scene.style(Meaning::Warn))]))
}

/// The light of the bus to other processes, where there is one: without it no entry
/// leaves, so one that is down stays longer than most numbers.
fn bus(scene: &Scene<'_>, is_short: bool, style: impl Fn(Meaning) -> Style) -> Option<Piece> {
    let is_up = scene.snapshot.bus.as_ref()?.is_up;
    let (sign, meaning, rank) =
        if is_up { (Glyph::Ok, Meaning::Ok, 8) } else { (Glyph::Trip, Meaning::Trip, 3) };
    let word = if is_short { " b" } else { " bus " };
    let sign = (scene.sign(sign).into(), style(meaning));
    Some(Piece::new(rank, [(word.into(), style(Meaning::Dim)), sign]))
}

/// The light of the journal: without it nothing happens at all, so one that is slow or
/// hangs stays longer than most numbers.
fn journal(scene: &Scene<'_>, is_short: bool, style: impl Fn(Meaning) -> Style) -> Option<Piece> {
    let state = scene.snapshot.machine.journal?.state();
    let (sign, meaning) = journal_light(state);
    let rank = if state == JournalState::Well { 9 } else { 2 };
    let word = if is_short { " j" } else { " jnl " };
    let sign = (scene.sign(sign).into(), style(meaning));
    Some(Piece::new(rank, [(word.into(), style(Meaning::Dim)), sign]))
}

/// Where the login at the broker stands: what a person has to do first, then how long
/// both tokens are expected to live. The broker may end them earlier.
fn login(scene: &Scene<'_>, is_short: bool, style: impl Fn(Meaning) -> Style) -> Vec<Piece> {
    let Some(login) = &scene.snapshot.run.login else { return Vec::new() };
    let broker = &login.broker;
    if login.needed.is_some() {
        let words = " LOGIN REQUIRED ".to_owned();
        let remedy = format!(" flightdeck login {broker} ");
        let mut pieces = vec![
            Piece::new(0, [(words, scene.style(Meaning::Trip))]),
            Piece::new(9, [(remedy, style(Meaning::Text))]),
        ];
        pieces.extend(last_read(scene, &style));
        return pieces;
    }
    let is_latched =
        |row: &BreakerRow| row.phase == BreakerPhase::Latched && row.name.starts_with(&**broker);
    if scene.snapshot.breakers.iter().any(is_latched) {
        let words = format!(" RESET {broker} ");
        let mut pieces = vec![Piece::new(0, [(words, scene.style(Meaning::Trip))])];
        pieces.extend(last_read(scene, &style));
        return pieces;
    }
    let now = scene.snapshot.at;
    let (Some(access), Some(until)) = (login.access_until, login.login_until) else {
        return Vec::new();
    };
    let left = format::between(now, until);
    let hours = left.as_secs() / 3_600;
    let meaning = match hours {
        0..4 => Meaning::Trip,
        4..24 => Meaning::Warn,
        24..48 => Meaning::Accent,
        48.. => Meaning::Dim,
    };
    let seconds = format::between(now, access).as_secs();
    let word = if is_short { " login " } else { " login, expected " };
    let days = format!("{}d {:02}h", hours / 24, hours % 24);
    let access = format!(" access {:02}:{:02}", seconds / 60, seconds % 60);
    vec![
        Piece::new(4, [(word.into(), style(Meaning::Dim)), (days, style(meaning))]),
        Piece::new(8, [(access, style(Meaning::Dim))]),
    ]
}

/// How old what is shown of orders and positions is, while nothing can be read.
fn last_read(scene: &Scene<'_>, style: impl Fn(Meaning) -> Style) -> Option<Piece> {
    let read_at = scene.snapshot.venue_read_at?;
    let age = format::duration(format::between(read_at, scene.snapshot.at));
    Some(Piece::new(5, [(format!(" orders as of {age} ago "), style(Meaning::Warn))]))
}

/// How long the venue took to acknowledge: the newest order, then 95 of 100.
fn acknowledged(delay: Delay, (plain, dim): (Style, Style)) -> Vec<Piece> {
    if delay.measured == 0 {
        return Vec::new();
    }
    let long = format::duration(Duration::from_micros(delay.p95));
    vec![
        Piece::new(10, [(format!(" {}", format::micros(delay)), plain)]),
        Piece::new(12, [(" p95 ".into(), dim), (long, plain)]),
    ]
}

/// The light of the feeds.
struct Feed {
    sign: Glyph,
    meaning: Meaning,
    name: String,
    age: String,
    is_well: bool,
}

/// The worst feed by its name when it is not well, so that a dead one is never hidden;
/// else how old the newest data are.
fn feed(scene: &Scene<'_>) -> Feed {
    let snapshot = scene.snapshot;
    let worth = |phase: LinkPhase| match phase {
        LinkPhase::Down => 0,
        LinkPhase::Stale => 1,
        LinkPhase::Connecting => 2,
        LinkPhase::Syncing => 3,
        LinkPhase::Up => 4,
    };
    let worst = snapshot.feeds.iter().min_by_key(|row| worth(row.phase));
    if let Some(row) = worst.filter(|row| row.phase != LinkPhase::Up) {
        let (sign, meaning) = link(row.phase);
        let name = format::fit(&row.feed, FEED, scene.sign(Glyph::More)).into_owned();
        return Feed {
            sign,
            meaning,
            name,
            age: format::age(row.since, snapshot.at),
            is_well: false,
        };
    }
    // The embedded market has no connection that could be lost: there, data are all.
    let heard = snapshot.cards.market.heard_at;
    let age = heard.map_or_else(|| format::ABSENT.to_owned(), |at| format::age(at, snapshot.at));
    let (sign, meaning) = match heard {
        Some(_) => (Glyph::Ok, Meaning::Ok),
        None => (Glyph::Unknown, Meaning::Dim),
    };
    Feed { sign, meaning, name: "feed".into(), age, is_well: true }
}

/// The worst breaker of orders; an order whose outcome is not known is worse.
fn orders(scene: &Scene<'_>) -> (Glyph, Meaning) {
    if scene.snapshot.has_unknown_orders() {
        return (Glyph::Unknown, Meaning::Trip);
    }
    let rows = scene.snapshot.breakers.iter().filter(|row| row.name.ends_with("orders"));
    let worst = rows.map(|row| row.phase).max_by_key(|phase| match phase {
        BreakerPhase::Closed => 0,
        BreakerPhase::HalfOpen => 1,
        BreakerPhase::Open => 2,
        BreakerPhase::Latched => 3,
    });
    worst.map_or((Glyph::Idle, Meaning::Dim), light)
}

fn session(scene: &Scene<'_>) -> String {
    let clock = &scene.snapshot.session;
    let left = |at| format::duration(format::between(scene.snapshot.at, at));
    match (clock.is_open(), clock.next_close, clock.next_open) {
        (true, Some(close), _) => format!("OPEN {}", left(close)),
        (true, None, _) => "OPEN".into(),
        (false, _, Some(open)) => format!("CLOSED {}", left(open)),
        (false, _, None) => "CLOSED".into(),
    }
}
