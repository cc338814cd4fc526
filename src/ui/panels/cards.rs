//! What each agent's card says. Knows nothing of where a card lies; see `agents`.

use rust_decimal::Decimal;

use crate::ui::format;
use crate::ui::panels::limits::used;
use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Field};
use crate::view::{AgentHealth, BallotLine, CheckLine, LinkPhase, SymbolBallots};

/// One card.
pub(super) struct Card<'a> {
    pub(super) name: &'static str,
    pub(super) health: &'a AgentHealth,
    /// What it does, where nothing better is known.
    pub(super) word: &'a str,
    /// What finds room is shown, the most important first.
    pub(super) fields: Vec<Field<'a>>,
    /// The same in one line.
    pub(super) line: String,
}

/// The five, in the order of a trade's way.
pub(super) fn all<'a>(scene: &Scene<'a>) -> [Card<'a>; 5] {
    [market(scene), strategy(scene), risk(scene), orders(scene), positions(scene)]
}

fn number(count: usize) -> String {
    format::count(u64::try_from(count).unwrap_or(u64::MAX))
}

/// A number that should be nought.
fn fault<'a>(count: usize, meaning: Meaning) -> Cell<'a> {
    Cell::new(number(count), if count == 0 { Meaning::Dim } else { meaning })
}

/// Sign and meaning of a connection.
pub(in crate::ui) const fn link(phase: LinkPhase) -> (Glyph, Meaning) {
    match phase {
        LinkPhase::Up => (Glyph::Ok, Meaning::Ok),
        LinkPhase::Connecting | LinkPhase::Syncing => (Glyph::Cool, Meaning::Cool),
        LinkPhase::Stale => (Glyph::Stale, Meaning::Stale),
        LinkPhase::Down => (Glyph::Trip, Meaning::Trip),
    }
}

fn market<'a>(scene: &Scene<'a>) -> Card<'a> {
    let snapshot = scene.snapshot;
    let card = &snapshot.cards.market;
    let age = card.heard_at.map(|heard| format::age(heard, snapshot.at));
    let age = age.unwrap_or_else(|| format::ABSENT.to_owned());
    let lag = format::micros(snapshot.latency.feed);
    let mut fields = vec![
        Field::new("symbols", Cell::plain(number(card.symbols))),
        Field::new("age/lag", Cell::plain(format!("{age} / {lag}"))),
        Field::new("doubtful", fault(card.doubtful, Meaning::Stale)),
        Field::new("halted", fault(card.halted, Meaning::Trip)),
    ];
    fields.extend(snapshot.feeds.iter().map(|feed| {
        let (sign, meaning) = link(feed.phase);
        let words = format!("{} {}", scene.sign(sign), feed.phase);
        Field::of(Cell::new(&*feed.feed, Meaning::Dim), Cell::new(words, meaning))
    }));
    let line = format!(
        "{} symbols  data {age}  {} doubtful  {} halted",
        card.symbols, card.doubtful, card.halted
    );
    let word = snapshot.session.session.map_or("no session", |session| session.name());
    Card { name: "MARKET", health: &card.health, word, fields, line }
}

/// The initials of a member: `TF` of `trend_following`, `MO` of `momentum`.
pub(super) fn initials(member: &str) -> String {
    let parts: Vec<&str> = member.split('_').filter(|part| !part.is_empty()).collect();
    let letters: String = match parts.as_slice() {
        [one] => one.chars().take(2).collect(),
        many => many.iter().filter_map(|part| part.chars().next()).take(2).collect(),
    };
    letters.to_uppercase()
}

/// Sign and meaning of a vote.
pub(super) fn vote(ballot: &BallotLine) -> (Glyph, Meaning) {
    match ballot.action.as_deref() {
        Some("BUY") => (Glyph::Up, Meaning::Up),
        Some("SELL") => (Glyph::Down, Meaning::Down),
        Some(_) => (Glyph::Flat, Meaning::Flat),
        None => (Glyph::Idle, Meaning::Dim),
    }
}

/// Every vote in few columns: `TF▲ MR▼ MO▬`.
fn votes(scene: &Scene<'_>, newest: &SymbolBallots) -> String {
    let word =
        |ballot: &BallotLine| format!("{}{}", initials(&ballot.member), scene.sign(vote(ballot).0));
    newest.ballots.iter().take(8).map(word).collect::<Vec<_>>().join(" ")
}

fn strategy<'a>(scene: &Scene<'a>) -> Card<'a> {
    let card = &scene.snapshot.cards.strategy;
    let counts = format!("{} / {}", format::count(card.candidates), format::count(card.proposed));
    let counts = Field::new("seen/prop", Cell::plain(counts));
    let Some(newest) = &card.newest else {
        let fields = vec![Field::new("ballot", Cell::new("none yet", Meaning::Dim)), counts];
        let line = format!("no ballot yet  {} setups", card.candidates);
        return Card { name: "STRATEGY", health: &card.health, word: "votes", fields, line };
    };
    let decided = &newest.decided;
    let side = decided.action.name().to_uppercase();
    let meets = decided.confidence >= decided.threshold;
    let confidence =
        format!("{} of {}", format::score(decided.confidence), format::score(decided.threshold));
    let votes = votes(scene, newest);
    let fields = vec![
        Field::of(
            Cell::new(format!("{} {side}", newest.symbol), Meaning::Accent),
            Cell::new(format!("cons {}", format::share(decided.consensus)), Meaning::Dim),
        ),
        Field::new(
            "conf",
            Cell::new(confidence.clone(), if meets { Meaning::Ok } else { Meaning::Dim }),
        ),
        Field::of(Cell::plain(votes.clone()), Cell::plain("")),
        counts,
    ];
    let line = format!("{} {side}  conf {confidence}  {votes}", newest.symbol);
    Card { name: "STRATEGY", health: &card.health, word: "last vote", fields, line }
}

/// The limits that a trader looks at first, with the words on the card.
const LIMITS: [(&str, &str); 4] = [
    ("exp", "max_gross_exposure"),
    ("cash", "min_cash_fraction"),
    ("draw", "max_drawdown"),
    ("day", "max_daily_loss"),
];

fn risk<'a>(scene: &Scene<'a>) -> Card<'a> {
    let card = &scene.snapshot.cards.risk;
    let bar = |(word, rule): &(&'static str, &str)| {
        let check = card.limits.iter().find(|check| check.rule == *rule)?;
        let used = used(check)?;
        let meaning = if check.passed { Meaning::Text } else { Meaning::Trip };
        let value = Cell::new(format::share(used), meaning);
        Some(Field::new(word, value).with_bar(Some(used)))
    };
    let mut fields: Vec<Field<'a>> = LIMITS.iter().filter_map(bar).collect();
    if fields.is_empty() {
        let account = &scene.snapshot.account;
        let share = |ratio: Option<Decimal>| {
            Cell::plain(ratio.map_or_else(|| format::ABSENT.to_owned(), format::share))
        };
        fields.push(Field::new("exposure", share(account.gross_ratio())));
        fields.push(Field::new("cash", share(account.cash_ratio())));
        fields.push(Field::new("drawdown", share(Some(account.drawdown))));
    }
    let verdicts =
        format!("{} ok {} no", format::count(card.approved), format::count(card.refused));
    fields.push(Field::new("approved", Cell::plain(format::count(card.approved))));
    fields.push(Field::new("refused", Cell::plain(format::count(card.refused))));
    let newest = card.newest_refusal.as_deref();
    let failed = |check: &&CheckLine| !check.passed;
    let line = match (card.limits.iter().find(failed), newest) {
        (Some(check), _) => format!("{verdicts}  refused by {}", check.rule),
        (None, Some(words)) => format!("{verdicts}  last refusal {words}"),
        (None, None) => format!("{verdicts}  no refusal"),
    };
    Card { name: "RISK", health: &card.health, word: "used", fields, line }
}

fn orders<'a>(scene: &Scene<'a>) -> Card<'a> {
    let snapshot = scene.snapshot;
    let card = &snapshot.cards.orders;
    let today = [card.sent_today, card.fills_today, card.rejected_today].map(format::count);
    let mut fields = vec![
        Field::new("working", Cell::plain(number(card.working))),
        Field::new("unknown", fault(card.unknown, Meaning::Trip)),
    ];
    let mut budget = String::new();
    for row in snapshot.requests.iter() {
        let part = Decimal::from(row.used).checked_div(Decimal::from(row.limit));
        let words = format!("{}/{}", row.used, row.limit);
        budget = format!("  requests {words}");
        let value = if row.shut_until.is_some_and(|until| until > snapshot.at) {
            Cell::new("shut", Meaning::Trip)
        } else {
            Cell::plain(words)
        };
        fields.push(Field::new("req/min", value).with_bar(part));
    }
    if snapshot.requests.is_empty() {
        let words = snapshot.budgets.iter().find(|row| row.until > snapshot.at).map_or_else(
            || Cell::new("no limit", Meaning::Dim),
            |row| Cell::new(format!("{} empty", row.lane), Meaning::Warn),
        );
        fields.push(Field::new("requests", words));
    }
    fields.push(Field::new("sent/fill/rej", Cell::plain(today.join("/"))));
    let taken = format::micros(snapshot.latency.orders);
    let line = format!(
        "{} working  {} unknown  {} sent  {} fills  ack {taken}{budget}",
        card.working, card.unknown, card.sent_today, card.fills_today
    );
    Card { name: "ORDERS", health: &card.health, word: "today", fields, line }
}

fn positions<'a>(scene: &Scene<'a>) -> Card<'a> {
    let card = &scene.snapshot.cards.positions;
    let at = scene.snapshot.at;
    let naked = match card.naked_since {
        Some(since) if card.naked > 0 => {
            let words =
                format!("{} {} {}", scene.sign(Glyph::Trip), card.naked, format::age(since, at));
            Cell::new(words, Meaning::Trip)
        }
        Some(_) | None => fault(card.naked, Meaning::Trip),
    };
    let (arrow, meaning) = format::trend(card.unrealized);
    let profit = format!("{} {}", format::signed_money(card.unrealized), scene.sign(arrow));
    let line = format!(
        "{} open  {} protected  {} naked  uPnL {profit}",
        card.open, card.protected, card.naked
    );
    let mut fields = vec![
        Field::new("open", Cell::plain(number(card.open))),
        Field::new("protected", Cell::plain(number(card.protected))),
        Field::new("naked", naked),
        Field::new("uPnL", Cell::new(profit, meaning)),
    ];
    if card.unexplained > 0 {
        let words = format::count(card.unexplained);
        fields.push(Field::new("unexplained", Cell::new(words, Meaning::Warn)));
    }
    Card { name: "POSITIONS", health: &card.health, word: "held", fields, line }
}
