//! What must hold after anything: money adds up, shares are held once, memory is
//! bounded, and the same inputs give the same answers.

use super::*;
use crate::brokers::sim::exchange::{Change, Fees, FillModel, Partials};
use crate::domain::position::Direction;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Fills of the long random run.
const FILLS: u64 = 1_000_000;

fn random_config(percent: u32) -> ExchangeConfig {
    ExchangeConfig {
        opening_cash: Money::from_dollars(10_000_000),
        fill: FillModel { partials: Partials::Random { percent, seed: 1 }, ..FillModel::default() },
        fees: Fees {
            per_order: Money::from_cents(3),
            per_share: Some(price("0.0035")),
            basis_points: 1,
        },
        keep_finished: 16,
        ..ExchangeConfig::default()
    }
}

/// Cash and position kept by other means than the book: by the reports alone.
#[derive(Default)]
struct Witness {
    cash: i128,
    shares: HashMap<Symbol, i128>,
    filled: HashMap<BrokerOrderId, u64>,
    fills: u64,
}

impl Witness {
    fn hear(&mut self, report: &Report) {
        let What::Filled { fill, position, .. } = &report.what else { return };
        let value = i128::from(fill.price.units()) * i128::from(fill.qty.whole_shares().unwrap());
        let shares = i128::from(fill.qty.units());
        let sign = if fill.side == Side::Buy { 1 } else { -1 };
        self.cash -= sign * value;
        let held = self.shares.entry(fill.symbol).or_default();
        *held += sign * shares;
        let said = position.map_or(0, |position| {
            let qty = i128::from(position.qty.units());
            if position.direction == Direction::Long { qty } else { -qty }
        });
        assert_eq!(*held, said, "position after {fill:?}");
        self.fills += 1;
    }
}

/// One random act at a desk of three stocks.
fn act(exchange: &mut Exchange, random: &mut ChaCha8Rng, number: u64, out: &mut Vec<Report>) {
    let at = Timestamp::from_seconds(i64::try_from(number).unwrap());
    let symbol = ["AAA", "BBB", "CCC"].map(|text| Symbol::new(text).unwrap())
        [usize::try_from(random.next_u64() % 3).unwrap()];
    let cents = |random: &mut ChaCha8Rng| {
        Price::from_cents(9_000 + i64::try_from(random.next_u64() % 2_000).unwrap()).unwrap()
    };
    if random.next_u64().is_multiple_of(3) {
        let mut prices = [cents(random), cents(random), cents(random), cents(random)];
        prices.sort_unstable();
        let [low, open, close, high] = prices;
        let bar = Bar { symbol, open, high, low, close, volume: 100, start: at };
        exchange.on_bar(&bar, at, out);
        return;
    }
    let id = ClientOrderId::new(format!("{number}"));
    if random.next_u64().is_multiple_of(16) {
        let earlier =
            ClientOrderId::new(format!("{}", number.saturating_sub(random.next_u64() % 32)));
        let change =
            Change { limit: Some(cents(random)), client_order_id: Some(id), ..Change::default() };
        if random.next_u64().is_multiple_of(2) {
            let _ = exchange.replace(OrderName::Client(&earlier), &change, at, out);
        } else {
            let _ = exchange.cancel(OrderName::Client(&earlier), at, out);
        }
        return;
    }
    let kind = match random.next_u64() % 4 {
        0 => OrderKind::Stop { stop: cents(random) },
        1 => OrderKind::Limit { limit: cents(random) },
        _ => OrderKind::Market,
    };
    let stop = StopLeg { stop: cents(random), limit: None };
    let class = match random.next_u64() % 4 {
        0 => OrderClass::Bracket { target: cents(random), stop },
        1 => OrderClass::Oco { stop },
        _ => OrderClass::Simple,
    };
    let side = if random.next_u64().is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let qty = Qty::shares(1 + random.next_u64() % 50).unwrap();
    let time_in_force =
        if random.next_u64().is_multiple_of(8) { TimeInForce::Ioc } else { TimeInForce::Gtc };
    let request = OrderRequest {
        client_order_id: id,
        symbol,
        side,
        qty,
        kind,
        time_in_force,
        class,
        extended_hours: false,
    };
    let _ = exchange.submit(&request, at, out);
}

/// No order is overfilled, no share is held twice, no reservation is left over.
#[track_caller]
fn check_orders(exchange: &Exchange) {
    let mut reserved = Money::ZERO;
    for order in exchange.working() {
        assert!(order.filled < order.qty, "{order:?}");
        reserved += order.reserve();
    }
    assert_eq!(exchange.account().reserved, reserved);
    for symbol in ["AAA", "BBB", "CCC"].map(|text| Symbol::new(text).unwrap()) {
        let position = exchange.positions().into_iter().find(|view| view.position.symbol == symbol);
        for side in [Side::Buy, Side::Sell] {
            let held: u64 = exchange
                .working()
                .into_iter()
                .filter(|order| order.symbol == symbol && order.side == side)
                .map(|order| order.held_shares().units())
                .sum();
            let closable = position
                .filter(|view| view.position.direction.exit_side() == side)
                .map_or(0, |view| view.position.qty.units());
            assert!(held <= closable, "{symbol} {side}: {held} held of {closable}");
        }
    }
}

#[track_caller]
fn check_money(exchange: &Exchange, witness: &Witness, opening: Money) {
    let account = exchange.account();
    assert_eq!(account.cash + account.fees, opening + Money::from_units(witness.cash));
    let cost: Money = exchange
        .positions()
        .iter()
        .map(|view| match view.position.direction {
            Direction::Long => view.position.cost,
            Direction::Short => -view.position.cost,
        })
        .sum();
    assert_eq!(account.cash + cost + account.fees, opening + account.realized);
    assert_eq!(account.fees.round_to_cents(), account.fees);
}

#[test]
fn cash_positions_and_fees_add_up_to_the_cent_after_a_million_random_fills() {
    let config = random_config(10);
    let opening = config.opening_cash;
    let mut exchange = Exchange::new(config);
    let mut random = ChaCha8Rng::seed_from_u64(20_261_005);
    let (mut witness, mut out, mut number) = (Witness::default(), Vec::new(), 0);
    while witness.fills < FILLS {
        number += 1;
        act(&mut exchange, &mut random, number, &mut out);
        out.drain(..).for_each(|report| witness.hear(&report));
        if number.is_multiple_of(64) {
            check_money(&exchange, &witness, opening);
            check_orders(&exchange);
        }
        assert!(number < 100 * FILLS, "only {} fills after {number} acts", witness.fills);
    }
    assert!(exchange.orders().len() <= exchange.working().len() + 16);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_single_act_keeps_the_rules(seed in any::<u64>(), percent in 0_u32..100) {
        let config = random_config(percent);
        let opening = config.opening_cash;
        let mut exchange = Exchange::new(config);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut witness = Witness::default();
        for number in 1..150 {
            let mut out = Vec::new();
            act(&mut exchange, &mut random, number, &mut out);
            for report in &out {
                witness.hear(report);
                if let What::Filled { fill, .. } = &report.what {
                    let before = witness.filled.entry(report.broker_order_id.clone()).or_default();
                    prop_assert!(fill.cumulative.units() > *before);
                    *before = fill.cumulative.units();
                    if let Some(order) = exchange.order(OrderName::Broker(&report.broker_order_id)) {
                        prop_assert!(fill.cumulative <= order.qty);
                    }
                }
            }
            check_money(&exchange, &witness, opening);
            check_orders(&exchange);
        }
    }

    #[test]
    fn the_same_acts_give_the_same_reports(seed in any::<u64>()) {
        let run = || {
            let mut exchange = Exchange::new(random_config(30));
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut out = Vec::new();
            (1..150).for_each(|number| act(&mut exchange, &mut random, number, &mut out));
            out
        };
        prop_assert_eq!(run(), run());
    }
}

#[test]
fn finished_orders_are_kept_up_to_the_bound() {
    let mut desk = Desk::new(ExchangeConfig { keep_finished: 2, ..ExchangeConfig::default() });
    desk.bar(["100", "100", "100", "100"]);
    for id in ["a", "b", "c"] {
        desk.submit(&buy(id, "1", OrderKind::Market)).unwrap();
    }
    let known = ["a", "b", "c"]
        .map(|id| desk.exchange.order(OrderName::Client(&ClientOrderId::new(id))).is_some());
    assert_eq!(known, [false, true, true]);
}

#[test]
fn ids_have_the_shape_of_a_uuid_and_differ() {
    let mut desk = Desk::at_100();
    let class = bracket("110", "95");
    desk.submit(&OrderRequest { class, ..buy("a", "1", OrderKind::Market) }).unwrap();
    let mut ids: Vec<String> =
        desk.exchange.orders().iter().map(|order| order.broker_order_id.to_string()).collect();
    assert_eq!(ids[0], "51a00001-0001-4000-8000-000000000001");
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
