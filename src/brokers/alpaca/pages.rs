//! Lists that come in pages: orders, executions, bars, and anything asked for many
//! stocks (protocol page §3.5, §3.10 and §5 of October 2026).
//!
//! Every list has a bound on its pages. One that is longer is an error and not a
//! shorter list: whoever reconciles must not believe that he has seen everything.

use std::collections::{BTreeMap, HashSet};

use jiff::SignedDuration;

use crate::breakers::{CallOutcome, RateHeaders};
use crate::brokers::alpaca::broker::AlpacaBroker;
use crate::brokers::alpaca::rest::{Reply, Request, Surface};
use crate::brokers::alpaca::translate::{self, Unreadable, account::FillRow};
use crate::brokers::alpaca::wire::{WireBars, WireFill, WireOrder};
use crate::brokers::broker::{BrokerOrder, Execution};
use crate::brokers::call::{Answer, CallError};
use crate::brokers::oddity::Oddity;
use crate::domain::ids::{BrokerOrderId, ExecutionId, Symbol};
use crate::domain::market::{Bar, Interval};
use crate::domain::money::Qty;
use crate::domain::order::ReportedStatus;
use crate::domain::time::Timestamp;

/// Orders of one page; the most that Alpaca gives.
const ORDERS_PER_PAGE: usize = 500;
/// Pages of orders that are read: twenty thousand orders.
const ORDER_PAGES_MAX: usize = 40;
/// Executions of one page; the most that Alpaca gives.
const FILLS_PER_PAGE: usize = 100;
/// Pages of executions that are read.
const FILL_PAGES_MAX: usize = 100;
/// Bars of one page, over all stocks; the most that Alpaca gives.
const BARS_PER_PAGE: usize = 10_000;
/// Pages of bars that are read for one group of stocks: five million bars.
const BAR_PAGES_MAX: usize = 500;
/// Stocks named in one request, so that its address stays short.
const SYMBOLS_PER_REQUEST: usize = 100;
/// How far a page of orders or executions reaches back over the one before: `after`
/// is exclusive, and stamps can be equal.
const OVERLAP: SignedDuration = SignedDuration::from_millis(1);

/// Orders made so long after a leg may be its entry.
const OF_ONE_GROUP: SignedDuration = SignedDuration::from_secs(1);
/// Groups with a filled entry, older than the list, that are looked for in one reading.
const OLD_GROUPS_MAX: usize = 20;

/// Where a listing of orders begins and what it holds.
#[derive(Debug, Clone, Copy)]
struct Listing {
    status: &'static str,
    is_nested: bool,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl AlpacaBroker {
    /// All open orders, and every order since an instant, each once, oldest first.
    ///
    /// A list of the open ones alone is not to be trusted: held legs are missing from
    /// the flat form, and the nested form hides legs whose entry is filled (§3.5). What is
    /// new is all in the full list. Of what is older and open the nested form tells the
    /// groups, and the rest are legs: the full list of their own second tells their group.
    /// So an order that rests for months costs a request, not the list of those months.
    pub(super) async fn open_and_newer_orders(
        &self,
        since: Timestamp,
    ) -> Result<Answer<Vec<BrokerOrder>>, CallError> {
        let listing = |status, is_nested, after| Listing { status, is_nested, after, until: None };
        let open = self.listed(listing("open", false, None)).await?.value;
        let all = self.listed(listing("all", true, Some(since.plus(-OVERLAP)))).await?;
        let (rate, request_id) = (all.rate, all.request_id);
        let mut found = Found::default();
        for order in all.value.into_iter().filter_map(|row| row.order) {
            if order.submitted_at >= since || is_open(&order) {
                found.add(order);
            }
        }
        if open.iter().any(|row| !found.has(row)) {
            let groups = self.listed(listing("open", true, None)).await?.value;
            groups.into_iter().filter_map(|row| row.order).for_each(|order| found.add(order));
            self.add_old_groups(&open, &mut found).await?;
        }
        open.into_iter().filter_map(|row| row.order).for_each(|order| found.add(order));
        let mut orders = found.orders;
        orders.sort_by(|a, b| {
            let key =
                |order: &BrokerOrder| (order.submitted_at, order.report.broker_order_id.clone());
            key(a).cmp(&key(b))
        });
        Ok(Answer { value: orders, rate, request_id })
    }

    /// Adds the groups of open legs that no list has told: their entry is filled. Legs are
    /// made together with their entry.
    async fn add_old_groups(&self, open: &[Row], found: &mut Found) -> Result<(), CallError> {
        let mut asked = 0;
        for row in open {
            if asked == OLD_GROUPS_MAX {
                return Ok(()); // The legs themselves are told all the same.
            }
            if found.has(row) {
                continue;
            }
            asked += 1;
            let (after, until) = (row.made_at.plus(-OVERLAP), row.made_at.plus(OF_ONE_GROUP));
            let (after, until) = (Some(after), Some(until));
            let listing = Listing { status: "all", is_nested: true, after, until };
            let (_, page) = self.order_page(listing, after).await?;
            let orders = page.into_iter().filter_map(|row| row.order);
            orders.filter(is_open).for_each(|order| found.add(order));
        }
        Ok(())
    }

    /// Reads a listing to its end, oldest first. A flat one is over with a short page; a
    /// nested one when a page brings nothing new, since legs that were rolled up can
    /// make a page short that is not the last.
    async fn listed(&self, listing: Listing) -> Result<Answer<Vec<Row>>, CallError> {
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        let mut after = listing.after;
        for _ in 0..ORDER_PAGES_MAX {
            let (reply, page) = self.order_page(listing, after).await?;
            let (count, before) = (page.len(), seen.len());
            // Orders in other assets are no rows, but they move the page on.
            let last = page.iter().map(|row| row.submitted_at).max();
            let is_new = |row: &Row| seen.insert(row.id.clone());
            rows.extend(page.into_iter().filter(is_new));
            let Some(last) = last else { return Ok(reply.answer(rows)) };
            let is_over = !listing.is_nested && count < ORDERS_PER_PAGE;
            let next = if is_over {
                return Ok(reply.answer(rows));
            } else if seen.len() > before {
                last.plus(-OVERLAP)
            } else if count < ORDERS_PER_PAGE || after == Some(last) {
                return Ok(reply.answer(rows));
            } else {
                // A whole page within the overlap: step over it.
                last
            };
            after = Some(next);
        }
        Err(too_long("orders"))
    }

    async fn order_page(
        &self,
        listing: Listing,
        after: Option<Timestamp>,
    ) -> Result<(Reply, Vec<Row>), CallError> {
        let path = ["v2", "orders"];
        let mut query = vec![
            ("status", listing.status.to_owned()),
            ("limit", ORDERS_PER_PAGE.to_string()),
            ("direction", "asc".to_owned()),
            ("nested", listing.is_nested.to_string()),
        ];
        query.extend(after.map(|after| ("after", after.to_string())));
        query.extend(listing.until.map(|until| ("until", until.to_string())));
        let request =
            Request { query: &query, ..Request::read("GET /v2/orders", Surface::Trading, &path) };
        let reply = self.rest.send(request).await?.success()?;
        let wire: Vec<WireOrder> = reply.json()?;
        let rows: Result<Vec<Row>, _> = wire.iter().map(|order| self.row(order)).collect();
        let rows = rows.map_err(|error| reply.unreadable(&error))?;
        Ok((reply, rows))
    }

    fn row(&self, wire: &WireOrder) -> Result<Row, Unreadable> {
        let order = translate::broker_orders(std::slice::from_ref(wire), &self.oddities)?.pop();
        let time = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        let made = time(&wire.created_at);
        let submitted = time(&wire.submitted_at).or(made).unwrap_or_default();
        Ok(Row {
            id: wire.id.clone(),
            submitted_at: submitted,
            made_at: made.unwrap_or(submitted).min(submitted),
            order,
        })
    }

    /// Reads executions, of one order or of all, from an instant on; each once, oldest
    /// first, and those of one millisecond by what was filled (§3.10).
    ///
    /// # Errors
    /// When a page fails, or there are more than ten thousand.
    pub async fn fills(
        &self,
        order: Option<&BrokerOrderId>,
        since: Timestamp,
    ) -> Result<Answer<Vec<FillRow>>, CallError> {
        let path = ["v2", "account", "activities", "FILL"];
        let mut fixed = vec![
            ("after", since.plus(-OVERLAP).to_string()),
            ("direction", "asc".to_owned()),
            ("page_size", FILLS_PER_PAGE.to_string()),
        ];
        fixed.extend(order.map(|order| ("order_id", order.as_str().to_owned())));
        let mut rows: Vec<FillRow> = Vec::new();
        let mut seen = HashSet::new();
        let mut token: Option<String> = None;
        for _ in 0..FILL_PAGES_MAX {
            let mut query = fixed.clone();
            query.extend(token.take().map(|token| ("page_token", token)));
            let label = "GET /v2/account/activities/FILL";
            let request =
                Request { query: &query, ..Request::read(label, Surface::Trading, &path) };
            let reply = self.rest.send(request).await?.success()?;
            let page: Vec<WireFill> = reply.json()?;
            let before = seen.len();
            for wire in page.iter().filter(|wire| seen.insert(wire.id.clone())) {
                let row = translate::account::fill(wire, &self.oddities);
                rows.push(row.map_err(|error| reply.unreadable(&error))?);
            }
            if page.len() < FILLS_PER_PAGE || seen.len() == before {
                rows.retain(|row| row.at >= since);
                rows.sort_by_key(|row| {
                    (row.at.as_nanos().div_euclid(1_000_000), row.cumulative, row.at)
                });
                return Ok(reply.answer(rows));
            }
            token = page.last().map(|wire| wire.id.clone());
        }
        Err(too_long("executions"))
    }

    /// The executions of one order, each with what the order had filled by then. They have
    /// no names of their own, so order and cumulative quantity make one (§3.10).
    pub(super) async fn executions_of(
        &self,
        order: &BrokerOrder,
    ) -> Result<Answer<Vec<(Execution, Qty)>>, CallError> {
        let id = &order.report.broker_order_id;
        let mut so_far = Qty::ZERO;
        let rows = self.fills(Some(id), order.submitted_at).await?;
        Ok(rows.map(|rows| {
            let named = rows.into_iter().map(|FillRow { qty, price, cumulative, at, .. }| {
                so_far = cumulative.unwrap_or_else(|| so_far.saturating_add(qty));
                let execution_id = Some(ExecutionId::new(format!("{id}-{so_far}")));
                (Execution { execution_id, qty, price, at }, so_far)
            });
            named.collect()
        }))
    }

    /// Reads bars of any number of stocks, by symbol and time.
    pub(super) async fn all_bars(
        &self,
        symbols: &[Symbol],
        interval: Interval,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<Bar>>, CallError> {
        let mut all = Answer { value: Vec::new(), rate: None, request_id: None };
        for group in symbols.chunks(SYMBOLS_PER_REQUEST) {
            let query = [
                ("symbols", joined(group)),
                ("timeframe", timeframe(interval).to_owned()),
                ("start", from.to_string()),
                ("end", until.to_string()),
                ("limit", BARS_PER_PAGE.to_string()),
                // Yesterday in today's shares: an average over a split is no average.
                ("adjustment", "split".to_owned()),
                ("feed", self.config.feed.name().to_owned()),
                ("sort", "asc".to_owned()),
            ];
            let found = self.bar_pages(&query, &mut all.value).await?;
            (all.rate, all.request_id) = (found.rate, found.request_id);
        }
        all.value.sort_by_key(|bar| (bar.symbol, bar.start));
        all.value.dedup_by_key(|bar| (bar.symbol, bar.start));
        Ok(all)
    }

    /// Follows the page tokens of one question about bars.
    async fn bar_pages(
        &self,
        fixed: &[(&'static str, String)],
        bars: &mut Vec<Bar>,
    ) -> Result<Answer<()>, CallError> {
        let path = ["v2", "stocks", "bars"];
        let mut token: Option<String> = None;
        for _ in 0..BAR_PAGES_MAX {
            let mut query = fixed.to_vec();
            query.extend(token.clone().map(|token| ("page_token", token)));
            let request = Request {
                query: &query,
                ..Request::read("GET /v2/stocks/bars", Surface::Data, &path)
            };
            let reply = self.rest.send(request).await?.success()?;
            let page: WireBars = reply.json()?;
            for (symbol, rows) in self.named(page.bars.unwrap_or_default()) {
                let rows = rows.unwrap_or_default();
                bars.extend(
                    rows.iter()
                        .filter_map(|row| translate::market::bar(symbol, row, &self.oddities)),
                );
            }
            // A page may be empty and still have a successor; only the token counts.
            match page.next_page_token.filter(|next| !next.is_empty()) {
                None => return Ok(reply.answer(())),
                Some(next) if token.as_ref() == Some(&next) => {
                    return Err(reply.unreadable(&"the next page is this page"));
                }
                Some(next) => token = Some(next),
            }
        }
        Err(too_long("bars"))
    }

    /// Asks about any number of stocks, a group at a time.
    pub(super) async fn of_symbols<T: Send>(
        &self,
        label: &'static str,
        path: &[&str],
        symbols: &[Symbol],
        read: impl Fn(&Reply) -> Result<Vec<T>, CallError> + Send + Sync,
    ) -> Result<Answer<Vec<T>>, CallError> {
        let mut all = Answer { value: Vec::new(), rate: None::<RateHeaders>, request_id: None };
        for group in symbols.chunks(SYMBOLS_PER_REQUEST) {
            let query = [("symbols", joined(group)), ("feed", self.config.feed.name().to_owned())];
            let request = Request { query: &query, ..Request::read(label, Surface::Data, path) };
            let reply = self.rest.send(request).await?.success()?;
            all.value.extend(read(&reply)?);
            let beside = reply.answer(());
            (all.rate, all.request_id) = (beside.rate, beside.request_id);
        }
        Ok(all)
    }

    /// Reads the names of a map by symbol; what is no symbol is counted.
    pub(super) fn named<T>(
        &self,
        map: BTreeMap<String, T>,
    ) -> impl Iterator<Item = (Symbol, T)> + use<'_, T> {
        map.into_iter().filter_map(|(name, value)| {
            let symbol = Symbol::new(&name).ok();
            if symbol.is_none() {
                self.oddities.count(Oddity::UnreadableValue, &format!("symbol '{name}'"));
            }
            Some((symbol?, value))
        })
    }
}

/// What several listings have told, each order once.
#[derive(Debug, Default)]
struct Found {
    orders: Vec<BrokerOrder>,
    seen: HashSet<BrokerOrderId>,
}

impl Found {
    fn add(&mut self, order: BrokerOrder) {
        if !self.seen.contains(&order.report.broker_order_id) {
            self.seen.extend(ids(&order));
            self.orders.push(order);
        }
    }

    /// Orders in other assets are looked for no further.
    fn has(&self, row: &Row) -> bool {
        row.order.as_ref().is_none_or(|order| self.seen.contains(&order.report.broker_order_id))
    }
}

/// An order of a listing.
#[derive(Debug)]
struct Row {
    id: String,
    submitted_at: Timestamp,
    /// When it was made, which for a queued order is before it was submitted (§4.2).
    made_at: Timestamp,
    /// `None` for an order in another asset than a US equity.
    order: Option<BrokerOrder>,
}

/// Whether the order or one of its legs still works.
fn is_open(order: &BrokerOrder) -> bool {
    let works = match order.report.status {
        ReportedStatus::Working | ReportedStatus::Held => true,
        ReportedStatus::Filled
        | ReportedStatus::Cancelled
        | ReportedStatus::Expired
        | ReportedStatus::Rejected
        | ReportedStatus::Replaced => false,
    };
    works || order.legs.iter().any(is_open)
}

/// The ids of an order and of its legs.
fn ids(order: &BrokerOrder) -> Vec<BrokerOrderId> {
    let own = std::iter::once(order.report.broker_order_id.clone());
    own.chain(order.legs.iter().flat_map(ids)).collect()
}

fn joined(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(",")
}

const fn timeframe(interval: Interval) -> &'static str {
    match interval {
        Interval::Minute => "1Min",
        Interval::FiveMinutes => "5Min",
        Interval::Hour => "1Hour",
        Interval::Day => "1Day",
    }
}

fn too_long(what: &str) -> CallError {
    CallError::Unknown {
        outcome: CallOutcome::Malformed,
        detail: format!("the list of {what} has more pages than are read"),
        rate: None,
    }
}
