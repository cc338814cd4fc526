//! A client of the streamer on its socket: what the session decides, what the market and
//! the orders do meanwhile, heartbeats, and what goes wrong on purpose.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::brokers::sim::server::frames::{Dialect, Field};
use crate::brokers::sim::server::schwab::answers::{millis, number, object, price, symbol_of};
use crate::brokers::sim::server::schwab::faults::Fault;
use crate::brokers::sim::server::schwab::order_json::cusip;
use crate::brokers::sim::server::schwab::state::{ACCOUNT, SchwabShared};
use crate::brokers::sim::server::socket::{Connection, Heard, Socket, upgrade};
use crate::brokers::sim::server::{OrderNotice, SendBuffer, World};
use crate::domain::market::{Bar, MarketStep};

use super::activity::Activity;
use super::level_one::values;
use super::seat::Ticket;
use super::session::{ACTIVITY, Answerable, CHART, Effect, LEVEL_ONE, Session, code};

/// How long a heartbeat that is switched off waits.
const NEVER: Duration = Duration::from_hours(24 * 365);
/// Executions told again after a reconnection.
const REPLAYED_MAX: usize = 20;
const DAY_MINUTES: i64 = 1_440;
const MINUTE_NANOS: i64 = 60_000_000_000;

/// Serves the streamer's address.
pub(in crate::brokers::sim::server::schwab) async fn connect(
    State(state): State<SchwabShared>,
    tasks: TaskTracker,
    stop: CancellationToken,
    request: Request,
) -> Response {
    upgrade(request, &tasks, move |socket| talk(socket, state, stop))
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// In order.
    Closed,
    /// As when a cable is cut.
    Cut,
}

async fn talk(socket: Socket, state: SchwabShared, stop: CancellationToken) {
    let connection = Connection::new(socket, Dialect::TextJson, SendBuffer::default());
    let mut line = Line::new(connection, state);
    let end = line.converse(&stop).await;
    // Given back before the goodbye: who has closed may come again at once.
    if let Some(ticket) = &line.ticket {
        line.state.seat.give_back(ticket);
    }
    match end {
        End::Closed => line.connection.close().await,
        End::Cut => line.connection.drop_at_once(None).await,
    }
}

/// One client with everything that it hears.
struct Line {
    connection: Connection,
    state: SchwabShared,
    session: Session,
    ticket: Option<Ticket>,
    steps: broadcast::Receiver<Arc<MarketStep>>,
    notices: Option<mpsc::UnboundedReceiver<Arc<OrderNotice>>>,
    news: broadcast::Receiver<Arc<Activity>>,
    /// Counts the messages of a service.
    seq: u64,
}

impl Line {
    fn new(connection: Connection, state: SchwabShared) -> Self {
        let steps = state.world.with_world(|world| world.subscribe_market());
        let news = state.news.subscribe();
        Self {
            connection,
            session: Session::default(),
            ticket: None,
            steps,
            notices: None,
            news,
            seq: 0,
            state,
        }
    }

    async fn converse(&mut self, stop: &CancellationToken) -> End {
        let mut changes = self.state.faults.subscribe();
        let mut heartbeat = self.heartbeat();
        let mut idle = Box::pin(self.idle());
        loop {
            let kicked = self.ticket.as_ref().map(|ticket| ticket.kicked.clone());
            let is_idle = !self.session.listens();
            let has_activity = self.session.of(ACTIVITY).is_some();
            // Biased: the stop ends everything; who is sent away hears nothing more;
            // what the client says, and what goes wrong, comes before more data.
            let done = tokio::select! {
                biased;
                () = stop.cancelled() => return End::Closed,
                () = cancelled(kicked.as_ref()) => self.send_away(code::CLOSE_CONNECTION).await,
                heard = self.connection.hear() => {
                    let done = self.heard(heard).await;
                    if is_idle == self.session.listens() || self.ticket.is_none() {
                        idle = Box::pin(self.idle());
                    }
                    done
                }
                _ = changes.changed() => {
                    heartbeat = self.heartbeat();
                    self.struck().await
                }
                () = &mut idle, if is_idle => self.send_away(code::STOP_STREAMING).await,
                _ = heartbeat.tick() => self.beat().await,
                notice = next(&mut self.notices), if has_activity => match notice {
                    Some(notice) => self.tell_notice(&notice).await,
                    None => Err(End::Closed),
                },
                news = self.news.recv() => match news {
                    Ok(activity) if has_activity => self.tell_activity(&activity).await,
                    Ok(_) | Err(_) => Ok(()),
                },
                moved = self.steps.recv() => match moved {
                    Ok(moved) => self.tell_step(&moved).await,
                    // What was lost is shown with the next step.
                    Err(broadcast::error::RecvError::Lagged(_)) => Ok(()),
                    Err(broadcast::error::RecvError::Closed) => Err(End::Closed),
                },
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    fn heartbeat(&self) -> Interval {
        let period = match self.state.config().heartbeat_ms {
            0 => NEVER,
            millis => Duration::from_millis(millis.into()),
        };
        let mut beat = tokio::time::interval(period);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first beat is a period away.
        beat.reset();
        beat
    }

    fn idle(&self) -> Sleep {
        let seconds = self.state.config().stream_idle_seconds;
        tokio::time::sleep(Duration::from_secs(seconds.into()))
    }

    /// Says a message, unless the streamer is mute.
    async fn say(&self, message: &Field) -> Result<(), End> {
        if self.state.config().stream_mute {
            return Ok(());
        }
        self.connection.say(message).await.map_err(|_| End::Cut)
    }

    async fn send_away(&mut self, code: i64) -> Result<(), End> {
        let text = if code == code::CLOSE_CONNECTION {
            "Stop streaming due to too many connections"
        } else {
            "Stop streaming due to empty subscription"
        };
        let message = Answerable::of_login().answer(code, text, self.state.now());
        self.say(&message).await?;
        Err(End::Closed)
    }

    async fn beat(&self) -> Result<(), End> {
        if !self.session.is_logged_in() {
            return Ok(());
        }
        let millis = self.state.now().as_nanos().div_euclid(1_000_000);
        let beat = Field::object([("heartbeat", Field::text(millis.to_string()))]);
        self.say(&Field::object([("notify", Field::List(vec![beat]))])).await
    }

    async fn heard(&mut self, heard: Heard) -> Result<(), End> {
        let Heard::Message(message) = heard else { return Err(End::Closed) };
        let state = self.state.clone();
        let (now, keys_max) = (state.now(), state.config().stream_keys_max);
        let admits = |token: &str| {
            state.faults.take(Fault::DenyStream).is_none()
                && state.with_auth(|auth| auth.admits(token, now))
        };
        let had_activity = self.session.of(ACTIVITY).is_some();
        let effects = self.session.hear(message.as_ref(), keys_max, now, admits);
        for effect in effects {
            match effect {
                Effect::Say(message) => self.say(&message).await?,
                Effect::LogIn(request) => self.log_in(&request).await?,
                Effect::Show(LEVEL_ONE) => self.tell_level_one(None).await?,
                Effect::Show(ACTIVITY) => {
                    if self.session.of(ACTIVITY).is_none() {
                        self.notices = None;
                    } else {
                        if !had_activity {
                            let subscribe = World::subscribe_orders;
                            self.notices = Some(self.state.world.with_world(subscribe));
                        }
                        self.tell_item("SUBSCRIBED", "", "").await?;
                        self.replay().await?;
                    }
                }
                Effect::Show(_) => {}
                Effect::End => return Err(End::Closed),
            }
        }
        Ok(())
    }

    async fn log_in(&mut self, request: &Answerable) -> Result<(), End> {
        if self.ticket.is_none() {
            self.ticket = self.state.seat.take(self.state.config().second_login);
        }
        let now = self.state.now();
        if self.ticket.is_none() {
            let text = "Too many connections.";
            self.say(&request.answer(code::CLOSE_CONNECTION, text, now)).await?;
            return Err(End::Closed);
        }
        self.session.log_in();
        let text = "server=s0051sim-1;status=NP";
        self.say(&request.answer(code::SUCCESS, text, now)).await
    }

    /// What goes wrong without anybody asking.
    async fn struck(&mut self) -> Result<(), End> {
        if !self.session.is_logged_in() {
            return Ok(());
        }
        let faults = &self.state.faults;
        if faults.take(Fault::StreamDrop).is_some() {
            return Err(End::Cut);
        }
        if faults.take(Fault::KickStream).is_some() {
            return self.send_away(code::CLOSE_CONNECTION).await;
        }
        if faults.take(Fault::StopStream).is_some() {
            return self.send_away(code::STOP_STREAMING).await;
        }
        while self.state.faults.take(Fault::BadFrame).is_some() {
            let text = r#"{"data":[{"service":"LEVELONE_EQUITIES","content":[{"key":"A"B"}]}]}"#;
            self.connection.say_text(text.into()).await.map_err(|_| End::Cut)?;
        }
        while self.state.faults.take(Fault::FeatureNotSupported).is_some() {
            self.tell_item("", "", "Feature not supported").await?;
        }
        Ok(())
    }

    async fn say_data(&mut self, service: &'static str, content: Vec<Field>) -> Result<(), End> {
        if content.is_empty() {
            return Ok(());
        }
        let data = Field::object([
            ("service", service.into()),
            ("timestamp", millis(self.state.now())),
            ("command", "SUBS".into()),
            ("content", Field::List(content)),
        ]);
        self.say(&Field::object([("data", Field::List(vec![data]))])).await
    }

    async fn tell_step(&mut self, step: &MarketStep) -> Result<(), End> {
        self.tell_level_one(Some(step)).await?;
        let bars = step.bars.iter().flat_map(|batch| batch.bars.iter());
        let mut content = Vec::new();
        if let Some(own) = self.session.of(CHART) {
            for bar in bars {
                let key = own.keys.iter().find(|key| symbol_of(key) == Some(bar.symbol));
                let Some(key) = key else { continue };
                self.seq += 1;
                content.push(chart(self.seq, key, bar, |field| own.fields.contains(&field)));
            }
        }
        self.say_data(CHART, content).await
    }

    /// Tells what has changed of the stocks in a step, or of all.
    async fn tell_level_one(&mut self, step: Option<&MarketStep>) -> Result<(), End> {
        let Some(own) = self.session.of_mut(LEVEL_ONE) else { return Ok(()) };
        let is_touched = |symbol| {
            step.is_none_or(|step| {
                step.quotes.iter().any(|quote| quote.symbol == symbol)
                    || step.ticks.iter().any(|tick| tick.symbol == symbol)
                    || step.status.iter().any(|change| change.symbol == symbol)
            })
        };
        let content = self.state.world.with_world(|world| {
            let mut content = Vec::new();
            for key in &own.keys {
                // An unknown key is silent for ever (§5.4).
                let Some(symbol) = symbol_of(key).filter(|symbol| is_touched(*symbol)) else {
                    continue;
                };
                let Some(mut now) = values(world, symbol) else { continue };
                now.retain(|field, _| own.fields.contains(field));
                let told = own.told.get(key);
                let mut fields = vec![("key".into(), Field::text(key.as_str()))];
                if told.is_none() {
                    fields.extend([
                        ("delayed".into(), Field::Bool(false)),
                        ("assetMainType".into(), "EQUITY".into()),
                        ("assetSubType".into(), "COE".into()),
                        ("cusip".into(), Field::text(cusip(symbol))),
                    ]);
                }
                let head = fields.len();
                let is_news = |field: &u8, value: &Field| {
                    told.is_none_or(|told| told.get(field) != Some(value))
                };
                let news = now.iter().filter(|(field, value)| is_news(field, value));
                fields.extend(news.map(|(field, value)| (field.to_string().into(), value.clone())));
                if told.is_none() || fields.len() > head {
                    content.push(Field::Object(fields));
                }
                own.told.insert(key.clone(), now);
            }
            content
        });
        self.say_data(LEVEL_ONE, content).await
    }

    async fn tell_notice(&mut self, notice: &OrderNotice) -> Result<(), End> {
        let id = &notice.order.broker_order_id;
        let known = self.state.with_book(|world, book| {
            let number = book.number_of(id, world.exchange())?;
            Some((number, book.node(number)?.replaces))
        });
        let Some((number, replaces)) = known else { return Ok(()) };
        self.tell_activity(&Activity::of(notice, number, replaces)).await
    }

    async fn tell_activity(&mut self, activity: &Activity) -> Result<(), End> {
        for item in &activity.items {
            let account = ACCOUNT.to_string();
            self.tell_item(item.kind, &account, &item.data).await?;
            if self.state.faults.take(Fault::DuplicateActivity).is_some() {
                self.tell_item(item.kind, &account, &item.data).await?;
            }
        }
        Ok(())
    }

    async fn replay(&mut self) -> Result<(), End> {
        if !self.state.config().stream_replay {
            return Ok(());
        }
        let fills: Vec<Activity> = self.state.world.with_world(|world| {
            world.executions().rev().take(REPLAYED_MAX).map(|it| Activity::replayed(it)).collect()
        });
        for item in fills.iter().rev().flat_map(|fill| &fill.items) {
            self.tell_item(item.kind, "", &item.data).await?;
        }
        Ok(())
    }

    async fn tell_item(&mut self, kind: &str, account: &str, data: &str) -> Result<(), End> {
        let Some(own) = self.session.of(ACTIVITY) else { return Ok(()) };
        let key = own.keys.first().cloned().unwrap_or_default();
        self.seq += 1;
        let item = object(vec![
            ("seq", number(self.seq)),
            ("key", Field::text(key)),
            ("1", Field::text(account)),
            ("2", Field::text(kind)),
            ("3", Field::text(data)),
        ]);
        self.say_data(ACTIVITY, vec![item]).await
    }
}

/// Waits for ever when there is nothing to wait for.
async fn cancelled(token: Option<&CancellationToken>) {
    match token {
        Some(token) => token.cancelled().await,
        None => std::future::pending().await,
    }
}

async fn next(
    notices: &mut Option<mpsc::UnboundedReceiver<Arc<OrderNotice>>>,
) -> Option<Arc<OrderNotice>> {
    match notices {
        Some(notices) => notices.recv().await,
        None => std::future::pending().await,
    }
}

/// A bar in the order of the wire, which is not that of Schwab's own table (§5.5).
fn chart(seq: u64, key: &str, bar: &Bar, wants: impl Fn(u8) -> bool) -> Field {
    let minute = bar.start.as_nanos().div_euclid(MINUTE_NANOS);
    let mut fields = vec![("seq".into(), number(seq)), ("key".into(), Field::text(key))];
    let values = [
        (1, Field::Integer(minute.rem_euclid(DAY_MINUTES))),
        (2, price(bar.open)),
        (3, price(bar.high)),
        (4, price(bar.low)),
        (5, price(bar.close)),
        (6, Field::count(bar.volume)),
        (7, millis(bar.start)),
        (8, Field::Integer(minute.div_euclid(DAY_MINUTES))),
    ];
    let wanted = values.into_iter().filter(|(field, _)| wants(*field));
    fields.extend(wanted.map(|(field, value)| (field.to_string().into(), value)));
    Field::Object(fields)
}
