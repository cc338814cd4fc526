//! What can be written on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::SignedDuration;

use crate::cli::arguments_bus::{Attach, BusVerb, Seat};
use crate::cli::arguments_checks::{Doctor, Validate};
use crate::cli::intel::Intel;
use crate::cli::simulate::Simulate;
use crate::cli::token::Token;
use crate::cli::verbs::OperatorVerb;
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;

/// The meaning of exit codes, below every help.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed while it was done
  2  refused: nothing was done
  3  no running instance (verbs that speak to one)
  4  no answer in time: the outcome is unknown (verbs that speak to one)";

/// A trading cockpit for US equities: five agents on the embedded market, on
/// recorded data, or (in a later version) on a broker's account.
#[derive(Debug, Parser)]
#[command(name = "flightdeck", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do; without a verb, run on the embedded market.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,

    /// Configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Preset by name (`reference`) or file; the configuration file comes after it.
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub(crate) preset: Option<String>,

    /// Seed of the embedded market and of everything that draws lots.
    #[arg(long, global = true, value_name = "N", value_parser = seed())]
    pub(crate) seed: Option<u64>,

    #[command(flatten)]
    pub(crate) run: Run,
}

/// How a run on the embedded market is done.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is given or not")]
#[derive(Debug, Clone, Args)]
pub(crate) struct Run {
    /// Run without a screen: every event as a line of JSON on standard output,
    /// logs on standard error.
    #[arg(long)]
    pub(crate) no_ui: bool,

    /// End after so many finished trades; when several end in one instant, all are
    /// there.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) until_trades: Option<u64>,

    /// End after so much time of the market, such as `2h` or `90m`.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<SignedDuration>,

    /// How much faster than the wall clock the market runs: `60x`, or `max`.
    #[arg(long, value_name = "N|max", value_parser = speed)]
    pub(crate) speed: Option<Speed>,

    /// Talk to the simulated broker over loopback although there is a seed: the market
    /// is the same, the moments at which answers come are not.
    #[arg(long)]
    pub(crate) wire: bool,

    /// Trade a broker's paper account (`alpaca`), or follow the data of `schwab`. Of both,
    /// Alpaca takes the orders (Schwab with `--live`), the other is a second source. Keys:
    /// `APCA_API_KEY_ID`, `APCA_API_SECRET_KEY`, or the file of `alpaca.key_file`.
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    pub(crate) broker: Vec<BrokerName>,

    /// Send orders to Schwab. Real money needs `schwab.live = true`, `schwab.account`, and
    /// its last three digits typed at the terminal or in an arming file; a simulated
    /// Schwab on this machine (`schwab.host`) needs none of them.
    #[arg(long)]
    pub(crate) live: bool,

    /// Arms `--live`: TOML with `account` (last digits) and `expires`, within 24 hours.
    #[arg(long, value_name = "FILE", requires = "live")]
    pub(crate) arming: Option<PathBuf>,

    /// Recorded bars instead of the generator; several files merge by time.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) market: Vec<PathBuf>,

    /// Serve metrics as Prometheus text on this address of this machine, such as
    /// `127.0.0.1:9464`: `/metrics`, and `/healthz` beside it.
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    pub(crate) metrics: Option<SocketAddr>,

    /// Hide every key and command that changes orders; the kill key stays.
    #[arg(long)]
    pub(crate) read_only: bool,

    /// Draw with ASCII signs alone.
    #[arg(long)]
    pub(crate) ascii: bool,

    /// Name of the theme to begin with.
    #[arg(long, value_name = "NAME")]
    pub(crate) theme: Option<String>,

    /// Carry every event over Redis and hear signed commands there; instead of
    /// `bus.redis` in the configuration.
    #[arg(long, value_name = "URL")]
    pub(crate) bus: Option<String>,

    /// Wait until no other process runs this instance, take over under a lease, and end when
    /// another one does; for several processes on one journal, with --bus.
    #[arg(long)]
    pub(crate) standby: bool,

    /// Name of this instance, by which the verbs find it; its mode unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) instance: Option<String>,

    /// Journal file; an existing one is gone on with, under the same seed and
    /// settings, or with the same account. By default a new file in the data folder
    /// for every run, and one file for each account of a broker.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}

impl Run {
    /// The first flag of a run that was given.
    pub(crate) const fn first_given(&self) -> Option<&'static str> {
        let Self {
            no_ui,
            until_trades,
            duration,
            speed,
            wire,
            broker,
            live,
            arming,
            market,
            metrics,
            read_only,
            ascii,
            theme,
            bus,
            standby,
            instance,
            journal,
        } = self;
        if *live {
            Some("--live")
        } else if arming.is_some() {
            Some("--arming")
        } else if *no_ui {
            Some("--no-ui")
        } else if until_trades.is_some() {
            Some("--until-trades")
        } else if duration.is_some() {
            Some("--duration")
        } else if speed.is_some() {
            Some("--speed")
        } else if *wire {
            Some("--wire")
        } else if !broker.is_empty() {
            Some("--broker")
        } else if !market.is_empty() {
            Some("--market")
        } else if metrics.is_some() {
            Some("--metrics")
        } else if *read_only {
            Some("--read-only")
        } else if *ascii {
            Some("--ascii")
        } else if theme.is_some() {
            Some("--theme")
        } else if bus.is_some() {
            Some("--bus")
        } else if *standby {
            Some("--standby")
        } else if instance.is_some() {
            Some("--instance")
        } else if journal.is_some() {
            Some("--journal")
        } else {
            None
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the same agents over recorded bars, as fast as the machine goes.
    Replay(Replay),
    /// Serve a simulated broker on loopback.
    Sim(Sim),
    /// Let a broker fail on purpose, on virtual time, and look at what must always hold.
    Simulate(Simulate),
    /// Check or export a journal.
    #[command(subcommand)]
    Journal(Journal),
    /// Show or check the configuration.
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Log in to a broker whose token a human has to renew.
    #[command(subcommand)]
    Login(Login),
    /// Show how long a broker's token lasts.
    #[command(subcommand)]
    Token(Token),
    /// Read mails and meetings, and ask what they say. What a mail says is never obeyed.
    #[command(after_help = EXIT_CODES)]
    Intel(Intel),
    /// Prepare the bus to other processes.
    #[command(subcommand)]
    Bus(BusVerb),
    /// Show the cockpit of an instance that runs elsewhere, over Redis.
    Attach(Attach),
    /// Let one agent of an instance sit in this process.
    Seat(Seat),
    /// Look at everything that a run needs: settings, keys, hosts, folders, terminal.
    Doctor(Doctor),
    /// Run until so many trades are closed, and judge the journal of the run.
    Validate(Validate),
    /// The verbs of a running instance.
    #[command(flatten)]
    Operator(OperatorVerb),
    /// Print the script that completes verbs and flags in a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page, in the form that `man -l` reads.
    Man {
        /// Of one verb; of the program when it is left out.
        verb: Option<String>,
    },
}

impl Verb {
    /// The word on the command line.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Replay(_) => "replay",
            Self::Sim(_) => "sim",
            Self::Simulate(_) => "simulate",
            Self::Journal(_) => "journal",
            Self::Config(_) => "config",
            Self::Login(_) => "login",
            Self::Token(_) => "token",
            Self::Intel(_) => "intel",
            Self::Bus(_) => "bus",
            Self::Attach(_) => "attach",
            Self::Seat(_) => "seat",
            Self::Doctor(_) => "doctor",
            Self::Validate(_) => "validate",
            Self::Operator(verb) => verb.name(),
            Self::Completions { .. } => "completions",
            Self::Man { .. } => "man",
        }
    }
}

/// Where to log in.
#[derive(Debug, Subcommand)]
pub(crate) enum Login {
    /// Log in to Schwab with a browser. A login lasts seven days.
    ///
    /// Prints the address to open. Then either the browser comes back to the callback on
    /// this machine (it warns of a certificate that is made on the spot), or you paste
    /// the address that it was sent to, within half a minute; the first one wins. The
    /// token goes into `schwab.token_file`, readable by its owner alone; a running cockpit
    /// takes it within a second. Open breakers stay open until they are reset.
    #[command(after_help = EXIT_CODES)]
    Schwab {
        /// Do not open a browser.
        #[arg(long)]
        no_browser: bool,
        /// Do not listen for the browser: only take a paste.
        #[arg(long)]
        paste: bool,
    },
}

/// Replays files.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// CSV files, plain or gzip, merged by time.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Print one JSON document instead of the tear-sheet.
    #[arg(long)]
    pub(crate) json: bool,

    /// Length of the bars (1min, 5min, 1hour, 1day); judged from the files unless
    /// given.
    #[arg(long, value_name = "LENGTH")]
    pub(crate) interval: Option<Interval>,

    /// Set rows aside that cannot be right, and count them, instead of refusing the
    /// file.
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,

    /// Seat every agent in a task of its own, on so many threads; the result is the
    /// same.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,

    /// Write every event as a line of JSON to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// Keep a durable journal in this new file.
    #[arg(long = "journal-file", value_name = "FILE")]
    pub(crate) journal_file: Option<PathBuf>,
}

/// Serves a simulated broker.
///
/// Prints one line of JSON with its address on standard output, logs on standard error,
/// and ends cleanly at SIGINT or SIGTERM. Speaks Alpaca's trading and market data
/// protocol, or Schwab's with its login and streamer, or both over one exchange, for
/// sixteen stocks with a generated market and an account of $100,000; takes every pair
/// of keys that is not empty.
#[derive(Debug, Args)]
#[command(after_help = SIM_HELP)]
pub(crate) struct Sim {
    /// Where to serve Alpaca's protocol; loopback only, port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = loopback,
          required_unless_present = "schwab")]
    pub(crate) alpaca: Option<SocketAddr>,

    /// Where to serve Schwab's protocol; loopback only, port 0 takes a free one. The
    /// login's callback is `https://127.0.0.1:8182`.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = loopback)]
    pub(crate) schwab: Option<SocketAddr>,

    /// How much faster than the wall the clock goes, from the present instant on.
    #[arg(long, value_name = "N", conflicts_with = "manual_clock",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) accelerate: Option<u32>,

    /// Let the clock stand; only POST /_sim/advance moves it.
    #[arg(long)]
    pub(crate) manual_clock: bool,

    /// When the clock starts (RFC 3339); the present instant unless given.
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<Timestamp>,

    /// Do not serve /_sim/...
    #[arg(long)]
    pub(crate) no_control: bool,

    /// A key id that is refused.
    #[arg(long, value_name = "KEY")]
    pub(crate) reject_key: Option<String>,
}

const SIM_HELP: &str = "\
Control (JSON, no keys, no rate limit):
  POST /_sim/quote   {\"symbol\":\"AAPL\",\"bid\":99.99,\"ask\":100.01,\"last\":100}  pin a stock
  POST /_sim/quote   {\"symbol\":\"AAPL\",\"release\":true}       give it back to the generator
  POST /_sim/advance {\"seconds\":60} or {\"to\":\"open\"|\"close\"}  move the clock
  POST /_sim/halt    {\"symbol\":\"AAPL\",\"halted\":true}        halt a stock, or resume (false)
  POST /_sim/fault   {\"fault\":N,\"count\":n}                    let something go wrong n times;
                     further fields: symbol, seconds, variant
  GET  /_sim/ledger  the exchange's own books: cash, positions, orders, fills, requests

Faults:
   1 order accepted, connection dropped    11 cancel stays pending (seconds)
   2 order accepted, answered 504          12 both exits of a bracket fill
   3 429 (variant no_headers)              13 update with data:null
   4 cancel answered 204, then a fill      14 fields missing, unknown status
   5 replace answered 200, then refused    15 502 with HTML
   6 trading stream drops                  16 print corrected and cancelled
   7 fill sent twice                       17 halt and resume (symbol)
   8 fill before the order's answer        18 clock tells a holiday (variant early_close)
   9 data socket connected but mute        19 rejected after the answer 200
  10 reconnections refused (seconds)       20 half filled, then cancelled

Faults of --schwab are named; values are a count, or an object of count, status, ms, only:
  POST /_sim/fault {\"expire_access_now\":true}  also expire_refresh_now, revoke_by_new_login
  POST /_sim/fault {\"drop_after_accept\":1}     also error_after_accept, hang_after_accept,
    duplicate_order, no_location, reject_later, event_before_answer, fill_during_cancel,
    stuck_cancel, unauthorized, too_many, e1, e2, e3, e4, html_page, missing_route,
    empty_error, delay, drop_before, token_unavailable, token_html, token_hang,
    token_junk, invalid_client, code_expired, code_malformed, authorize_unavailable,
    deny_login, deny_stream, kick_stream, stop_stream, stream_drop, bad_frame,
    feature_not_supported, duplicate_activity
  POST /_sim/fault {\"rotate_refresh\":\"always\"} also expires_in, refresh_seconds, code_seconds,
    callbacks, deny, dead_refresh, unauthorized_body, lacks, requests_per_minute,
    orders_per_minute, throttle_body, retry_after, location_host, visible_after_ms,
    oco_has_status, gzip, heartbeat_ms, stream_mute, stream_idle_seconds,
    stream_keys_max, second_login, stream_replay";

/// What to do with a journal.
#[derive(Debug, Subcommand)]
pub(crate) enum Journal {
    /// Recompute the hash chain and every projection; names the first broken record.
    Verify {
        /// The journal file.
        file: PathBuf,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Write every event as a line of JSON to standard output.
    Export {
        /// The journal file.
        file: PathBuf,
        /// Leave market data out.
        #[arg(long)]
        no_tape: bool,
    },
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Print every setting in force, in the form of a configuration file.
    Print,
    /// Read and check the layers, and say so.
    Check,
}

/// A broker that can be traded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BrokerName {
    /// Alpaca's paper account.
    Alpaca,
    /// Schwab: its data, or with `--live` an account.
    Schwab,
}

/// How much faster than the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speed {
    /// So many times.
    Times(u32),
    /// As fast as the machine goes.
    Max,
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let digits = text.strip_suffix('x').unwrap_or(text);
    match digits.parse() {
        Ok(times @ 1..) => Ok(Speed::Times(times)),
        Ok(_) | Err(_) => Err("give a whole number of 1 or more such as 60x, or max".into()),
    }
}

/// A seed can be written into a configuration file, whose whole numbers have a sign.
fn seed() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(..=i64::MAX.unsigned_abs())
}

/// A simulated broker is for programs of the same machine.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let text = text.replacen("localhost:", "127.0.0.1:", 1);
    match text.parse() {
        Ok(address) if SocketAddr::ip(&address).is_loopback() => Ok(address),
        Ok(_) => Err("only loopback is served: use 127.0.0.1:PORT or [::1]:PORT".into()),
        Err(_) => Err("give an address and a port such as 127.0.0.1:8080".into()),
    }
}

/// More threads than this are a slip of the finger: six seats can use six.
const THREADS_MAX: usize = 64;

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=THREADS_MAX) => Ok(threads),
        Ok(_) | Err(_) => Err(format!("give a whole number from 1 to {THREADS_MAX}")),
    }
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    let parsed: Result<SignedDuration, _> = text.parse();
    match parsed {
        Ok(duration) if duration > SignedDuration::ZERO => Ok(duration),
        Ok(_) | Err(_) => Err("give a time above zero such as 30m, 2h or 1h 30m".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_simulated_broker_is_served_on_loopback_alone() {
        for good in ["127.0.0.1:0", "[::1]:8080", "localhost:9", "127.9.9.9:1"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:80", "192.168.0.1:80", "[::]:80", "example.org:80", "127.0.0.1"] {
            assert!(loopback(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn speed_and_duration_are_read_or_refused() {
        assert_eq!(speed("60x"), Ok(Speed::Times(60)));
        assert_eq!(speed("5"), Ok(Speed::Times(5)));
        assert_eq!(speed("max"), Ok(Speed::Max));
        for bad in ["0", "-1", "fast", "1.5x", ""] {
            assert!(speed(bad).is_err(), "{bad}");
        }
        assert_eq!(duration("90m"), Ok(SignedDuration::from_mins(90)));
        for bad in ["0s", "-1h", "soon"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
