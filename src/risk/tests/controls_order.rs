//! Controls on one order: C02, C05, C06, C07, C08, C10 to C14.

use super::*;
use crate::domain::market::PriceBand;
use crate::domain::order::StopLeg;
use crate::risk::RuleName as R;

#[test]
fn the_golden_trade_passes_every_rule_long_and_short() {
    for case in [Case::golden(), Case::short()] {
        let order = assess(&case.question()).unwrap();
        assert_eq!(order.checks().len(), RULES.len());
        assert_eq!(order.cost(), Money::from_cents(87_750));
        assert_eq!(order.loss_per_share(), Money::from_cents(878));
    }
}

#[test]
fn every_rule_name_of_the_catalogue_is_asked_somewhere_and_once() {
    let mut asked: Vec<R> = RULES.iter().map(|rule| rule.name).collect();
    asked.extend(REDUCTION_RULES.iter().map(|rule| rule.name));
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), R::ALL.len());
    assert_eq!(RULES.iter().map(|rule| rule.name).collect::<Vec<_>>(), R::ALL[..RULES.len()]);
}

#[test]
fn c02_a_position_is_worth_a_thousand_dollars_and_not_a_share_more() {
    let at = |entry: &'static str| move |case: &mut Case| case.intent.entry_price = price(entry);
    passed(R::PositionValue, at("200.00"));
    refused(R::PositionValue, at("200.01"));
    refused(R::PositionValue, |case| case.qty = shares(6));
    refused(R::PositionValue, |case| case.symbol.position = Some(long_position(1, 175)));
    refused(R::PositionValue, |case| case.symbol.reserved.cost = dollars(123));
    passed(R::PositionValue, |case| case.symbol.reserved.cost = amount("122.50"));
}

#[test]
fn c02_a_symbol_or_a_strategy_may_have_a_lower_limit_but_not_a_higher_one() {
    for (limit, passes) in [("877.50", true), ("877.49", false), ("5000", true)] {
        let by_symbol = Case::with(|case| {
            case.limits.max_position_value_by_symbol.insert(aapl(), amount(limit));
        });
        let by_strategy = Case::with(|case| {
            let table = &mut case.limits.max_position_value_by_strategy;
            table.insert("trend_following".into(), amount(limit));
        });
        for case in [by_symbol, by_strategy] {
            assert_eq!(case.check(R::PositionValue).passed, passes, "{limit}");
            assert!(case.check(R::PositionValue).limit <= dec!(1000));
        }
    }
}

#[test]
fn c02_shares_are_bounded() {
    passed(R::MaxShares, |case| case.limits.max_shares = 5);
    refused(R::MaxShares, |case| case.limits.max_shares = 4);
    refused(R::MinShares, |case| case.qty = Qty::ZERO);
}

#[test]
fn c02_a_position_takes_a_fifth_of_equity_and_no_more() {
    passed(R::EquityFraction, |case| case.account.equity = amount("4387.50"));
    refused(R::EquityFraction, |case| case.account.equity = amount("4387.49"));
    refused(R::EquityFraction, |case| {
        case.account.equity = amount("4387.50");
        case.symbol.reserved.cost = amount("0.01");
    });
}

#[test]
fn c05_a_limit_price_stays_inside_the_collar_around_a_fresh_reference() {
    let reference = |text: &'static str| {
        move |case: &mut Case| {
            case.symbol.reference = Some(Reference { price: price(text), at: second(NOW) });
        }
    };
    passed(R::Collar, reference("167.142858"));
    refused(R::Collar, reference("167.14"));
    refused(R::Collar, reference("184.74"));
    refused(R::Collar, |case| case.symbol.reference = None);
    let aged = |seconds: i64| {
        move |case: &mut Case| {
            let at = second(NOW - seconds);
            case.symbol.reference = Some(Reference { price: price("175.50"), at });
        }
    };
    passed(R::ReferenceAge, aged(15));
    refused(R::ReferenceAge, aged(16));
    refused(R::ReferenceAge, aged(-16));
    refused(R::ReferenceAge, |case| case.symbol.reference = None);
}

#[test]
fn c05_a_market_order_needs_a_fresh_quote_a_narrow_spread_and_the_regular_session() {
    let market = |case: &mut Case| case.intent.kind = OrderKind::Market;
    let quoted = |bid: &str, ask: &str, age: i64| {
        Quote::new(aapl(), (price(bid), 1), (price(ask), 1), second(NOW - age)).unwrap()
    };
    let with = |quote: Option<Quote>| {
        move |case: &mut Case| {
            market(case);
            case.symbol.quote = quote;
        }
    };
    passed(R::MarketOrderSpread, with(Some(quoted("99.50", "100.50", 0))));
    refused(R::MarketOrderSpread, with(Some(quoted("99.49", "100.51", 0))));
    refused(R::MarketOrderSpread, with(None));
    passed(R::MarketOrderQuote, with(Some(quoted("175.49", "175.50", 15))));
    refused(R::MarketOrderQuote, with(Some(quoted("175.49", "175.50", 16))));
    refused(R::MarketOrderSession, |case| {
        market(case);
        case.symbol.session = Session::PreMarket;
    });
    assert!(assess(&Case::with(market).question()).is_ok());
}

#[test]
fn c06_the_same_intent_is_blocked_for_ever() {
    let mut case = Case::golden();
    case.conduct.entry_approved(&case.intent, case.qty, &case.limits);
    case.intent.at = second(NOW * 9);
    assert!(!case.check(R::IntentUsed).passed);
    case.intent.trade_id = TradeId::new("trade-2");
    assert!(case.check(R::IntentUsed).passed);
}

#[test]
fn c06_a_similar_order_inside_the_window_is_a_duplicate_unless_the_strategy_says_so() {
    let again = |change: fn(&mut Case)| {
        let mut case = Case::golden();
        case.conduct.entry_approved(&case.intent, case.qty, &case.limits);
        case.intent.trade_id = TradeId::new("trade-2");
        case.intent.at = second(NOW + 59);
        change(&mut case);
        case.check(R::DuplicateOrder).passed
    };
    assert!(!again(|_| {}));
    assert!(!again(|case| case.intent.entry_price = price("176.37")), "half a per cent away");
    assert!(again(|case| case.intent.entry_price = price("176.40")));
    assert!(again(|case| case.intent.at = second(NOW + 60)));
    assert!(again(|case| case.qty = shares(4)));
    assert!(again(|case| case.intent.symbol = Symbol::new("MSFT").unwrap()));
    assert!(again(|case| case.intent.direction = Direction::Short));
    assert!(again(|case| case.intent.repeat_allowed = true));
    assert!(again(|case| case.limits.duplicate_window_seconds = 0));
}

#[test]
fn c07_an_entry_stays_within_its_intent_and_never_turns_a_position() {
    passed(R::EntryQuantity, |case| case.intent.quantity = Some(shares(5)));
    refused(R::EntryQuantity, |case| case.intent.quantity = Some(shares(4)));
    passed(R::EntryDirection, |case| case.symbol.position = Some(long_position(1, 100)));
    let mut case = Case::short();
    case.symbol.position = Some(long_position(1, 100));
    refused_case(R::EntryDirection, &case);
}

#[test]
fn c08_a_strategy_that_repeats_itself_is_refused_until_enabled_by_hand() {
    let mut case = Case::with(|case| case.limits.max_strategy_orders = 2);
    let mut other = case.intent.clone();
    for (id, disables) in [("trade-8", false), ("trade-9", true)] {
        other.trade_id = TradeId::new(id);
        assert!(case.check(R::StrategyEnabled).passed);
        let reason = case.conduct.entry_approved(&other, shares(1), &case.limits);
        assert_eq!(reason.is_some(), disables);
    }
    refused_case(R::StrategyEnabled, &case);
    case.intent.at = second(NOW * 2);
    refused_case(R::StrategyEnabled, &case);
    assert!(case.conduct.enable("trend_following"));
    assert!(case.check(R::StrategyEnabled).passed);
    let name = case.intent.strategy.clone();
    case.limits.max_strategy_losses = 1;
    let at = case.intent.at;
    assert!(case.conduct.round_trip_closed(&name, dollars(-1), at, &case.limits).is_some());
    refused_case(R::StrategyEnabled, &case);
}

#[test]
fn c08_the_record_shows_how_many_orders_the_strategy_has_sent() {
    let mut case = Case::golden();
    case.conduct.entry_approved(&case.intent, shares(1), &case.limits);
    assert_eq!(decimal(case.check(R::StrategyOrders)), (dec!(2), dec!(30)));
}

#[test]
fn c10_a_stop_is_required_and_lies_beyond_every_price_of_the_order() {
    let stop = |stop: Option<Price>| move |case: &mut Case| case.intent.stop = stop;
    refused(R::StopSide, stop(None));
    refused(R::StopSide, stop(Some(price("175.50"))));
    refused(R::StopSide, stop(Some(price("184.28"))));
    passed(R::StopSide, stop(Some(price("175.49"))));
    let mut short = Case::short();
    assert!(short.check(R::StopSide).passed, "the buy stop of a short lies above the entry");
    short.intent.stop = Some(price("166.72"));
    refused_case(R::StopSide, &short);
    // A limit above the stop of a short would open beyond its own protection.
    short.intent.stop = Some(price("184.28"));
    short.intent.kind = OrderKind::Limit { limit: price("184.28") };
    refused_case(R::StopSide, &short);
}

#[test]
fn c10_the_stop_is_at_most_five_per_cent_and_one_increment_away() {
    let stop = |text: &'static str| move |case: &mut Case| case.intent.stop = Some(price(text));
    passed(R::MaxStopDistance, stop("166.72"));
    refused(R::MaxStopDistance, stop("166.71"));
    refused(R::MinStopDistance, |case| {
        case.limits.min_stop_distance = dec!(0.01);
        case.intent.stop = Some(price("173.75"));
    });
    passed(R::MinStopDistance, |case| {
        case.limits.min_stop_distance = dec!(0.01);
        case.intent.stop = Some(price("173.745"));
    });
    let mut short = Case::short();
    assert!(short.check(R::MaxStopDistance).passed);
    short.intent.stop = Some(price("184.29"));
    refused_case(R::MaxStopDistance, &short);
}

#[test]
fn c10_the_loss_at_the_stop_stays_within_the_risk_budget() {
    let equity = |text: &'static str| move |case: &mut Case| case.account.equity = amount(text);
    passed(R::TradeRisk, equity("2926.67"));
    refused(R::TradeRisk, equity("2926.66"));
}

#[test]
fn c10_exits_attached_to_the_order_are_the_planned_ones() {
    let class = |target: &str, stop: &str| {
        let stop = StopLeg { stop: price(stop), limit: None };
        OrderClass::Bracket { target: price(target), stop }
    };
    passed(R::AttachedExits, |case| case.intent.class = class("201.82", "166.72"));
    refused(R::AttachedExits, |case| case.intent.class = class("201.82", "100.00"));
    refused(R::AttachedExits, |case| case.intent.class = class("300.00", "166.72"));
    let stop = StopLeg { stop: price("166.72"), limit: None };
    refused(R::AttachedExits, |case| case.intent.class = OrderClass::Oco { stop });
}

#[test]
fn the_reward_is_at_least_two_and_a_half_times_the_risk() {
    let target = |target: Option<Price>| move |case: &mut Case| case.intent.target = target;
    passed(R::RewardRisk, target(Some(price("197.45"))));
    refused(R::RewardRisk, target(Some(price("197.44"))));
    refused(R::RewardRisk, target(None));
    let mut short = Case::short();
    assert!(short.check(R::RewardRisk).passed);
    short.intent.target = Some(price("153.56"));
    refused_case(R::RewardRisk, &short);
}

#[test]
fn c05_no_entry_goes_outside_its_price_band() {
    let band = |down: &str, up: &str| PriceBand {
        symbol: aapl(),
        down: price(down),
        up: price(up),
        at: second(NOW),
    };
    passed(R::PriceBand, |case| case.symbol.band = None);
    passed(R::PriceBand, |case| case.symbol.band = Some(band("166.73", "175.50")));
    refused(R::PriceBand, |case| case.symbol.band = Some(band("157.00", "175.49")));
    refused(R::PriceBand, |case| case.symbol.band = Some(band("175.51", "190.00")));
}

#[test]
fn c11_no_decision_rests_on_data_that_is_old_crossed_locked_or_suspect() {
    let quote = |bid: &str, ask: &str, age: i64| Quote {
        bid: price(bid),
        ask: price(ask),
        at: second(NOW - age),
        ..Case::golden().symbol.quote.unwrap()
    };
    let with = |quote: Option<Quote>| move |case: &mut Case| case.symbol.quote = quote;
    passed(R::QuoteAge, with(Some(quote("175.49", "175.50", 15))));
    refused(R::QuoteAge, with(Some(quote("175.49", "175.50", 16))));
    refused(R::QuoteAge, with(None));
    passed(R::QuoteCrossed, with(Some(quote("175.50", "175.50", 0))));
    refused(R::QuoteCrossed, with(Some(quote("175.51", "175.50", 0))));
    passed(R::QuoteLocked, |case| case.symbol.locked_since = Some(second(NOW - 5)));
    refused(R::QuoteLocked, |case| case.symbol.locked_since = Some(second(NOW - 6)));
    refused(R::DataSuspect, |case| case.symbol.suspicion = Some(Suspicion::Outlier));
}

#[test]
fn c11_a_jump_needs_a_second_source() {
    let previous =
        |text: &'static str| move |case: &mut Case| case.symbol.previous_price = Some(price(text));
    passed(R::PriceJump, previous("195.00"));
    refused(R::PriceJump, previous("195.01"));
    passed(R::PriceJump, |case| {
        previous("351.00")(case);
        case.symbol.second_source = Some(price("175.00"));
    });
    refused(R::PriceJump, |case| {
        previous("351.00")(case);
        case.symbol.second_source = Some(price("351.00"));
    });
}

#[test]
fn c12_only_stocks_that_may_be_traded_are_entered() {
    refused(R::Restricted, |case| {
        case.limits.restricted.insert(aapl());
    });
    refused(R::Tradable, |case| case.symbol.tradable = false);
    refused(R::Halted, |case| case.symbol.status = TradingStatus::Halted);
    refused(R::Halted, |case| case.symbol.status = TradingStatus::LuldPaused);
    passed(R::ShortSaleRestricted, |case| case.symbol.status = TradingStatus::ShortSaleRestricted);
    let refused_short = |rule: R, change: fn(&mut Case)| {
        let mut case = Case::short();
        change(&mut case);
        refused_case(rule, &case);
    };
    refused_short(R::ShortSaleRestricted, |case| {
        case.symbol.status = TradingStatus::ShortSaleRestricted;
    });
    refused_short(R::Shortable, |case| case.symbol.borrow = Borrow::Hard);
    refused_short(R::Shortable, |case| case.symbol.borrow = Borrow::None);
    refused_short(R::AllowShort, |case| case.limits.allow_short = false);
}

#[test]
fn c12_parts_of_a_share_need_permission_and_a_stock_that_allows_them() {
    let half = Qty::from_units(4_500_000_000).unwrap();
    refused(R::WholeShares, |case| case.qty = half);
    passed(R::WholeShares, |case| {
        case.qty = half;
        case.limits.allow_fractional = true;
    });
    refused(R::WholeShares, |case| {
        case.qty = half;
        case.limits.allow_fractional = true;
        case.symbol.fractionable = false;
    });
}

#[test]
fn c13_entries_go_in_the_regular_session_and_not_in_its_last_minutes() {
    refused(R::Session, |case| case.symbol.session = Session::Closed);
    refused(R::Session, |case| case.symbol.session = Session::AfterHours);
    let left = |seconds: i64| {
        move |case: &mut Case| {
            case.symbol.time_to_close = Some(SignedDuration::from_secs(seconds));
        }
    };
    passed(R::EntryCutoff, left(600));
    refused(R::EntryCutoff, left(599));
    refused(R::EntryCutoff, |case| case.symbol.time_to_close = None);
}

#[test]
fn c13_extended_hours_need_permission_the_mark_and_a_limit() {
    let extended = |case: &mut Case| {
        case.symbol.session = Session::AfterHours;
        case.limits.allow_extended_hours = true;
        case.intent.extended_hours = true;
    };
    assert!(assess(&Case::with(extended).question()).is_ok());
    refused(R::Session, |case| {
        extended(case);
        case.intent.extended_hours = false;
    });
    refused(R::ExtendedHoursLimit, |case| {
        extended(case);
        case.intent.kind = OrderKind::Market;
    });
}

#[test]
fn c14_an_entry_never_crosses_an_own_resting_order() {
    let ask = |text: &'static str| {
        move |case: &mut Case| {
            case.symbol.own_best_ask = Some(price(text));
        }
    };
    refused(R::SelfMatch, ask("175.50"));
    passed(R::SelfMatch, ask("175.51"));
    refused(R::SelfMatch, |case| {
        ask("999.00")(case);
        case.intent.kind = OrderKind::Market;
    });
    let mut short = Case::short();
    short.symbol.own_best_bid = Some(price("175.50"));
    refused_case(R::SelfMatch, &short);
}

#[test]
fn prices_lie_on_the_increment_unless_that_is_switched_off() {
    refused(R::PriceIncrement, |case| case.intent.stop = Some(price("166.725")));
    passed(R::PriceIncrement, |case| {
        case.intent.stop = Some(price("166.725"));
        case.limits.enforce_increments = false;
    });
}
