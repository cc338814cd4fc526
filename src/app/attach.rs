//! The cockpit of an instance that runs elsewhere, over Redis.
//!
//! Read model and screen are those of a local run, fed by the stream and by Pub/Sub. It
//! holds no journal and decides nothing: what a person asks goes out as a signed command,
//! and without a key nothing goes out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::future::BoxFuture;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::Refusal;
use crate::app::about::About;
use crate::app::screen::{self, ScreenOptions};
use crate::brokers::install_tls_provider;
use crate::bus::clock::SystemClock;
use crate::bus::redis::commander::{Commander, Told as Reply};
use crate::bus::redis::follower::about;
use crate::bus::redis::watch::{News, Watch};
use crate::bus::redis::{BusConfig, BusError, Endpoint, Keys};
use crate::control::{documents, phrase};
use crate::domain::command::{OperatorCommand, Reason};
use crate::domain::hex::hex;
use crate::domain::ids::{Symbol, TradeId};
use crate::events::{Envelope, Event, RiskEvent, wire};
use crate::ui::input::{Input, Told};
use crate::ui::runtime::{CommandSink, Ending};
use crate::ui::state::{Answer, Token, Weight};
use crate::view::{Projector, Publisher, Setup};

/// How long the screen may take to give the terminal back.
const LEAVE: Duration = Duration::from_secs(2);
/// News that may wait for the read model; more wait outside.
const NEWS_MAX: usize = 1_024;
/// Requests for approval that are remembered.
const ASKED_MAX: usize = 1_024;
/// Where an instance is looked for when none is named, in this order.
const INSTANCES: [&str; 3] = ["live", "paper", "sim"];

/// What is looked at, by whom.
#[derive(Debug, Clone)]
pub struct AttachOptions {
    /// Where Redis is.
    pub bus: BusConfig,
    /// The instance; the one that is there unless given.
    pub instance: Option<String>,
    /// File with the key of one who commands; without it nothing is asked.
    pub key_file: Option<PathBuf>,
    /// Whose key; the only one of the file unless given.
    pub sender: Option<String>,
    /// The cockpit; without it the status is written once.
    pub screen: Option<ScreenOptions>,
}

/// Shows an instance until the person leaves or the token is cancelled. Returns the
/// status as a JSON document where there is no screen.
///
/// # Errors
/// When there is no such instance, Redis cannot be had, or the screen cannot go on.
pub async fn run(
    options: AttachOptions,
    stop: CancellationToken,
) -> anyhow::Result<Option<Box<RawValue>>> {
    install_tls_provider();
    let endpoint = Endpoint::new(&options.bus).map_err(Refusal::from)?;
    let (instance, about) = found(&endpoint, options.instance.as_deref()).await?;
    let mode = about.mode;
    let setup = about.setup();
    let publisher = Arc::new(Publisher::new(Projector::new(&setup)));
    let remote = Arc::new(Remote {
        commander: commander(&options, &endpoint)?,
        asked: Mutex::default(),
        house: Handle::current(),
    });
    let (sender, news) = mpsc::channel(NEWS_MAX);
    let seed = Sha256::digest(instance.as_bytes()).first().copied().unwrap_or_default();
    let watching =
        tokio::spawn(Watch::new(endpoint, &instance, seed.into()).run(sender, stop.clone()));
    let mut room = Room { setup, publisher: publisher.clone(), remote: remote.clone(), news };
    let Some(looks) = options.screen else {
        // The end first: an instance that says nothing would be waited for.
        let is_known = tokio::select! {
            biased;
            () = stop.cancelled() => false,
            is_known = room.catch_up() => is_known?,
        };
        stop.cancel();
        watching.await.context("the watch panicked")?;
        let snapshot = publisher.viewer().snapshot();
        let status = documents::Status::of(&snapshot);
        return is_known.then(|| to_raw_value(&status).context("cannot write")).transpose();
    };
    let served = CancellationToken::new();
    let killer = remote.clone();
    let kill: crate::ui::input::KillSwitch = Arc::new(move || {
        let command = Reason { reason: "the kill key was pressed".into(), by: None };
        killer.house.spawn(killer.ask(OperatorCommand::Kill(command)));
    });
    let asked = (publisher.viewer(), Arc::new(Keyboard(remote)) as Arc<dyn CommandSink>);
    let (mut left, inputs) = screen::start(looks, mode, asked, kill, (&stop, &served))?;
    let showing = tokio::spawn(async move { room.show(inputs).await });
    // The end first.
    let mut ending = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        left = &mut left => Some(left),
    };
    served.cancel();
    stop.cancel();
    if ending.is_none() {
        // The screen gives the terminal back; one that takes no bytes is left as it is.
        ending = tokio::time::timeout(LEAVE, left).await.ok();
    }
    watching.await.context("the watch panicked")?;
    showing.await.context("the read model panicked")?;
    match ending {
        Some(left) => match left.context("the screen's thread is gone")? {
            Ok(Ok(Ending::Quit | Ending::Stopped | Ending::TerminalLost)) => Ok(None),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(anyhow!("the screen panicked")),
        },
        None => Ok(None),
    }
}

/// Finds the instance, and what it says of itself.
async fn found(endpoint: &Endpoint, wanted: Option<&str>) -> anyhow::Result<(String, About)> {
    let names = wanted.map_or_else(|| INSTANCES.to_vec(), |name| vec![name]);
    for name in &names {
        if let Some(text) = about(endpoint, name).await.map_err(Refusal::from)? {
            let about = serde_json::from_str(&text)
                .context("the instance speaks of itself in another version's words")?;
            return Ok(((*name).to_owned(), about));
        }
    }
    let names = names.join(", ");
    Err(Refusal::NobodyThere { names, at: endpoint.shown().to_owned() }.into())
}

fn commander(options: &AttachOptions, endpoint: &Endpoint) -> anyhow::Result<Option<Commander>> {
    let Some(path) = &options.key_file else { return Ok(None) };
    let keys = Keys::from_file(path).map_err(BusError::from).map_err(Refusal::from)?;
    let Some((sender, key)) = keys.of(options.sender.as_deref()) else {
        let sender = options.sender.clone();
        return Err(Refusal::NoKey { path: path.clone(), sender }.into());
    };
    let clock = Arc::new(SystemClock);
    Ok(Some(Commander::new(endpoint.clone(), sender, key.clone(), clock)))
}

/// Where news become the read model.
struct Room {
    setup: Setup,
    publisher: Arc<Publisher>,
    remote: Arc<Remote>,
    news: mpsc::Receiver<News>,
}

impl Room {
    /// Takes news until everything that had happened is known. False when none come.
    async fn catch_up(&mut self) -> anyhow::Result<bool> {
        while let Some(news) = self.news.recv().await {
            match news {
                News::CaughtUp => return Ok(true),
                News::Cut(why) => return Err(anyhow!("{why}")),
                News::Anew | News::Event(_) => self.take(news),
            }
        }
        Ok(false)
    }

    /// Takes news until there are none, and tells the screen when they stop.
    async fn show(&mut self, screen: mpsc::Sender<Input>) {
        let mut is_cut = false;
        let tell = |weight, text: String| {
            // A screen that is full of keys hears of the next one.
            let _ = screen.try_send(Input::Told(Told { weight, text, is_shown: true }));
        };
        while let Some(news) = self.news.recv().await {
            match &news {
                News::Cut(why) if !is_cut => {
                    is_cut = true;
                    tell(Weight::Warn, format!("the picture stands still: {why}"));
                }
                News::CaughtUp if is_cut => {
                    is_cut = false;
                    tell(Weight::Info, "the picture is of now again".to_owned());
                }
                News::Cut(_) | News::CaughtUp | News::Anew | News::Event(_) => {}
            }
            self.take(news);
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Anew => self.publisher.begin_anew(Projector::new(&self.setup)),
            News::Event(envelope) => {
                self.remote.note(&envelope);
                self.publisher.see(&envelope);
            }
            News::CaughtUp | News::Cut(_) => {}
        }
    }
}

/// Takes what a person asks to the instance.
struct Remote {
    commander: Option<Commander>,
    /// The requests that wait, each with the hash by which it must be named.
    asked: Mutex<BTreeMap<TradeId, String>>,
    house: Handle,
}

impl Remote {
    fn note(&self, envelope: &Envelope) {
        let Event::Risk(RiskEvent::ApprovalRequested(asked)) = &envelope.event else { return };
        let mut line = Vec::new();
        wire::write(envelope, &mut line);
        let mut waiting = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= ASKED_MAX {
            waiting.pop_first();
        }
        waiting.insert(asked.trade_id.clone(), hex(&Sha256::digest(line)));
    }

    fn hash(&self, trade_id: &TradeId) -> Option<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).get(trade_id).cloned()
    }

    /// The fields of a command as the bus wants them.
    fn body(&self, command: &OperatorCommand) -> Result<serde_json::Value, &'static str> {
        Ok(match command {
            OperatorCommand::Approve(approve) => {
                let hash = self.hash(&approve.trade_id).ok_or("its request is not known here")?;
                json!({ "trade_id": approve.trade_id, "order_hash": hash })
            }
            OperatorCommand::Reject(reject) => {
                json!({ "trade_id": reject.trade_id, "reason": reject.reason })
            }
            OperatorCommand::Cancel(cancel) => json!({ "client_order_id": cancel.client_order_id }),
            OperatorCommand::ResetBreaker(reset) => json!({
                "breaker": reset.breaker,
                "confirm": phrase::reset(&reset.breaker),
                "reason": reset.reason,
            }),
            OperatorCommand::Kill(why) | OperatorCommand::Reduce(why) => {
                json!({ "reason": why.reason })
            }
            OperatorCommand::Resume(_)
            | OperatorCommand::Settle(_)
            | OperatorCommand::Acknowledge(_) => {
                return Err("only a person at the instance's own terminal may do that");
            }
            OperatorCommand::Flatten(flatten) => json!({
                "symbol": flatten.symbol,
                "confirm": phrase::flatten(flatten.symbol.as_ref().map(Symbol::as_str)),
                "reason": flatten.reason,
            }),
        })
    }

    /// Sends a command and says what became of it.
    fn ask(self: &Arc<Self>, command: OperatorCommand) -> BoxFuture<'static, Answer> {
        let this = self.clone();
        Box::pin(async move {
            let Some(commander) = &this.commander else {
                return Answer::Rejected("read-only: attach with --key-file to command".into());
            };
            let body = match this.body(&command) {
                Ok(body) => to_raw_value(&body).expect("plain JSON can be written"),
                Err(why) => return Answer::Rejected(why.to_owned()),
            };
            let topic = Event::from(command).name();
            match commander.send(topic, &body).await {
                Ok(Reply::Answer(answer)) => judged(&answer),
                Ok(Reply::Refused(why)) => Answer::Rejected(why),
                Ok(Reply::Nothing) => Answer::Unknown,
                Err(error) => Answer::Rejected(format!("it was not sent: {}", error.in_words())),
            }
        })
    }
}

/// Reads the instance's own answer.
fn judged(answer: &RawValue) -> Answer {
    match serde_json::from_str::<crate::control::Answer>(answer.get()) {
        Ok(answer) if answer.ok => Answer::Accepted,
        Ok(answer) => {
            let why = answer.error.map_or_else(|| "no reason given".into(), |error| error.message);
            Answer::Rejected(why)
        }
        Err(_) => Answer::Unknown,
    }
}

/// The keys of the screen.
struct Keyboard(Arc<Remote>);

impl CommandSink for Keyboard {
    fn send(&self, _token: Token, command: OperatorCommand) -> BoxFuture<'static, Answer> {
        // On the house's runtime: what was asked goes on while the screen stands still.
        let asked = self.0.house.spawn(self.0.ask(command));
        Box::pin(async move { asked.await.unwrap_or(Answer::Unknown) })
    }
}
