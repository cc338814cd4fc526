//! The loop around the rules: inputs and news in, frames and commands out.
//!
//! It runs on a thread of its own with a runtime of its own. A terminal that does not
//! take our bytes (Ctrl-S, a stuck ssh) blocks the writer, and with it this thread and
//! nothing else: agents, spine and sockets live elsewhere, and the kill key is
//! answered on the [input thread](crate::ui::input).
//!
//! Drawing follows need: at once after a key (10 ms apart at least), at most 30 times
//! a second for news, not at all when nothing happens. Between two frames any number
//! of events costs nothing here: the newest snapshot is taken when a frame is due.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::bus::clock::Stopwatch;
use crate::domain::command::{Actor, OperatorCommand, Reason};
use crate::ui::facts::Facts;
use crate::ui::input::{INPUTS_MAX, Input, Told};
use crate::ui::layout::Plan;
use crate::ui::overlays;
use crate::ui::pace::Pace;
use crate::ui::page;
use crate::ui::scene::Scene;
use crate::ui::session;
pub use crate::ui::setup::{CommandSink, Ending, ScreenError, Setup, Suspend};
use crate::ui::state::{ANSWER_WITHIN, Answer, App, Moment, Token, Weight};
use crate::ui::surface::Surface;
use crate::ui::terminal;
use crate::ui::theme::Theme;
use crate::ui::translate::translate;
use crate::ui::update::{Cmd, Msg, Page, update};
use crate::ui::writing;
use crate::view::{Snapshot, Viewer};

/// Starts the screen on its own thread.
///
/// # Errors
/// When the thread or its runtime cannot be started.
pub fn spawn(
    setup: Setup,
    surface: impl FnOnce() -> io::Result<Surface<BufWriter<Stdout>>> + Send + 'static,
    inputs: mpsc::Receiver<Input>,
    viewer: Viewer,
    sink: Arc<dyn CommandSink>,
    stop: CancellationToken,
) -> io::Result<JoinHandle<Result<Ending, ScreenError>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    std::thread::Builder::new().name("screen".into()).spawn(move || {
        let surface = surface()?;
        if let Some(guard) = surface.guard() {
            guard.restore_on_panic_of(std::thread::current().id());
        }
        let guard = surface.guard().cloned();
        let ending = runtime.block_on(run(setup, surface, inputs, viewer, sink, stop));
        if let Some(guard) = guard {
            guard.leave();
        }
        ending
    })
}

/// Runs the screen until the operator leaves, the terminal is lost, or the house
/// stops.
///
/// # Errors
/// When the theme cannot be used or the terminal cannot be drawn on.
pub async fn run<W: Write>(
    setup: Setup,
    surface: Surface<W>,
    inputs: mpsc::Receiver<Input>,
    viewer: Viewer,
    sink: Arc<dyn CommandSink>,
    stop: CancellationToken,
) -> Result<Ending, ScreenError> {
    let mut screen = Screen::new(setup, surface, viewer, sink)?;
    screen.remember();
    screen.take_news();
    screen.shown();
    let ending = screen.live(inputs, stop).await;
    if let Some(folder) = &screen.setup.folder
        && let Err(error) = session::save(folder, &screen.app)
    {
        tracing::warn!(%error, "the page is not remembered");
    }
    Ok(ending)
}

/// What wakes the loop.
enum Wake {
    Stop,
    Input(Option<Input>),
    Answer(Token, Answer),
    Time,
    News,
    /// Nobody will tell anything any more.
    Silence,
}

struct Screen<W: Write> {
    app: App,
    setup: Setup,
    theme: Theme,
    surface: Surface<W>,
    viewer: Viewer,
    sink: Arc<dyn CommandSink>,
    /// Requests on their way; [`PENDING_MAX`](crate::ui::state::PENDING_MAX) bounds
    /// them, and a halt in addition.
    answers: JoinSet<(Token, bool, Answer)>,
    snapshot: Arc<Snapshot>,
    plan: Option<Plan>,
    pace: Pace,
    since_start: Stopwatch,
    ending: Option<Ending>,
}

impl<W: Write> Screen<W> {
    fn new(
        setup: Setup,
        surface: Surface<W>,
        mut viewer: Viewer,
        sink: Arc<dyn CommandSink>,
    ) -> Result<Self, ScreenError> {
        let (theme, warnings) = setup.catalogue.load(&setup.theme, setup.level)?;
        let theme = theme.with_glyphs(setup.glyphs);
        let themes = setup.catalogue.names().into();
        let mut app = App::new(setup.keymap.clone(), themes, &setup.theme, setup.glyphs);
        for warning in warnings {
            let _ = update(&mut app, Msg::Notice(Weight::Warn, warning.to_string()), app_start());
        }
        let snapshot = viewer.snapshot();
        Ok(Self {
            app,
            setup,
            theme,
            surface,
            viewer,
            sink,
            answers: JoinSet::new(),
            snapshot,
            plan: None,
            pace: Pace::default(),
            since_start: Stopwatch::start(),
            ending: None,
        })
    }

    fn now(&self) -> Moment {
        Moment(self.since_start.elapsed())
    }

    async fn live(&mut self, mut inputs: mpsc::Receiver<Input>, stop: CancellationToken) -> Ending {
        let mut is_silent = false;
        while self.ending.is_none() {
            let sleep = self.until_wake();
            // Biased: stopping and keys come before news, however many there are; time
            // comes before news, or a stream of them would hold frames back.
            let wake = tokio::select! {
                biased;
                () = stop.cancelled() => Wake::Stop,
                input = inputs.recv() => Wake::Input(input),
                Some(Ok((token, is_halt, answer))) = self.answers.join_next() => {
                    if is_halt { self.halted(&answer) }
                    Wake::Answer(token, answer)
                }
                () = tokio::time::sleep(sleep.unwrap_or_default()), if sleep.is_some() => Wake::Time,
                // News are waited for once per frame: what comes until then is in the
                // snapshot that the frame takes.
                is_more = self.viewer.changed(), if !is_silent && !self.pace.has_news() => {
                    if is_more { Wake::News } else { Wake::Silence }
                }
            };
            match wake {
                Wake::Stop => self.ending = Some(Ending::Stopped),
                Wake::Input(None) => self.ending = Some(Ending::TerminalLost),
                Wake::Input(Some(input)) => self.inputs(input, &mut inputs),
                Wake::Answer(token, answer) => {
                    self.pace.key(self.now());
                    self.tell(Msg::Answered(token, answer));
                }
                Wake::Time => self.on_time(),
                Wake::News => self.pace.news(self.now(), self.app.paused_since.is_some()),
                Wake::Silence => is_silent = true,
            }
            if self.ending.is_none() && self.pace.is_due(self.now()) {
                self.frame();
            }
        }
        self.ending.take().unwrap_or(Ending::Stopped)
    }

    /// How long nothing has to be done; `None` is for ever.
    fn until_wake(&self) -> Option<Duration> {
        let now = self.now();
        let wake = [self.pace.due(), self.app.next_wake()].into_iter().flatten().min();
        wake.map(|wake| wake.since(now))
    }

    fn on_time(&mut self) {
        let now = self.now();
        if self.app.next_wake().is_some_and(|wake| wake <= now) {
            self.tell(Msg::Tick);
            self.pace.key(now);
        }
    }

    /// Takes all inputs that are there, then draws once.
    fn inputs(&mut self, first: Input, inputs: &mut mpsc::Receiver<Input>) {
        let mut next = Some(first);
        for _ in 0..INPUTS_MAX {
            let Some(input) = next.take() else { break };
            match input {
                Input::Lost => return self.lost(),
                Input::Told(told) => self.told(told),
                Input::ReloadTheme => self.reload_theme(),
                Input::Continued => self.retake(),
                // Also when the size is as before: what left the page in between is gone.
                Input::Resized => self.surface.forget(),
                Input::Terminal(event) => {
                    if let Some(message) = translate(event, self.plan.as_ref(), &self.app) {
                        self.tell(message);
                    }
                }
            }
            next = inputs.try_recv().ok();
        }
        self.pace.key(self.now());
    }

    /// Nothing is written any more.
    fn lost(&mut self) {
        self.surface.lost();
        self.ending = Some(Ending::TerminalLost);
    }

    /// A terminal that can neither ring nor notify is not worth a message.
    fn told(&mut self, told: Told) {
        drop(terminal::notify(self.surface.writer(), &told.text));
        if !told.is_shown {
            return;
        }
        drop(terminal::ring(self.surface.writer()));
        match told.weight {
            Weight::Info => self.notice(told.weight, told.text),
            // What is wrong waits for a person.
            Weight::Warn | Weight::Trip => self.tell(Msg::Alert(told.weight, told.text)),
        }
    }

    fn reload_theme(&mut self) {
        let name = self.app.theme.clone();
        if self.show_theme(&name) {
            self.notice(Weight::Info, format!("theme {name}: read again"));
        }
    }

    /// Takes the terminal anew: whoever had it meanwhile may have left anything.
    fn retake(&mut self) {
        let Some(guard) = self.surface.guard().cloned() else { return };
        guard.leave();
        if guard.reenter().is_err() {
            return self.lost();
        }
        drop(terminal::take_mouse(self.surface.writer(), self.app.has_mouse));
        self.surface.forget();
    }

    /// Opens the page as it was left; what cannot be read is said and passed over.
    fn remember(&mut self) {
        let Some(folder) = &self.setup.folder else { return };
        match session::load(folder) {
            Ok(Some(session)) => session.put_into(&mut self.app),
            Ok(None) => {}
            Err(error) => self.notice(Weight::Warn, format!("the page is new: {error}")),
        }
    }

    fn tell(&mut self, message: Msg) {
        let now = self.now();
        for command in update(&mut self.app, message, now) {
            self.carry_out(command);
        }
    }

    fn notice(&mut self, weight: Weight, text: String) {
        let now = self.now();
        // A notice asks for nothing.
        let _ = update(&mut self.app, Msg::Notice(weight, text), now);
    }

    fn carry_out(&mut self, command: Cmd) {
        match command {
            Cmd::Operator(token, command) => self.ask(token, false, command),
            Cmd::Kill(token) => {
                let reason =
                    Reason { reason: "the kill key was pressed".into(), by: Some(Actor::KEYS) };
                self.ask(token, true, OperatorCommand::Kill(reason));
            }
            Cmd::Page(page) => self.take_page(page),
            // A terminal that cannot ring is not worth a message.
            Cmd::Notify(_) => drop(terminal::ring(self.surface.writer())),
            Cmd::Escalate(words) => {
                drop(terminal::notify(self.surface.writer(), &words));
                drop(terminal::ring(self.surface.writer()));
            }
            Cmd::Theme(name) => drop(self.show_theme(&name)),
            Cmd::Glyphs(glyphs) => self.theme = self.theme.clone().with_glyphs(glyphs),
            Cmd::Mouse(is_ours) => {
                drop(terminal::take_mouse(self.surface.writer(), is_ours));
            }
            Cmd::Redraw => self.surface.forget(),
            Cmd::Suspend => self.suspend(),
            Cmd::Quit => self.ending = Some(Ending::Quit),
        }
    }

    fn ask(&mut self, token: Token, is_halt: bool, command: OperatorCommand) {
        let answer = self.sink.send(token, command);
        self.answers.spawn(async move {
            let answer = tokio::time::timeout(ANSWER_WITHIN, answer).await;
            (token, is_halt, answer.unwrap_or(Answer::Unknown))
        });
    }

    /// The gate is closed whatever the answer is; an answer that is not clear stays
    /// on the screen as long as any message does.
    fn halted(&mut self, answer: &Answer) {
        match answer {
            Answer::Accepted => self.notice(Weight::Info, "halt: recorded".into()),
            Answer::Rejected(why) => {
                self.notice(Weight::Trip, format!("halt: NOT RECORDED, {why}"));
            }
            Answer::Unknown => self.notice(Weight::Trip, "halt: NOT CONFIRMED".into()),
        }
    }

    /// A theme that cannot be used leaves the one before in force; then it is false.
    fn show_theme(&mut self, name: &str) -> bool {
        match self.setup.catalogue.load(name, self.setup.level) {
            Ok((theme, warnings)) => {
                self.theme = theme.with_glyphs(self.app.glyphs);
                for warning in warnings {
                    self.notice(Weight::Warn, warning.to_string());
                }
                true
            }
            Err(error) => {
                self.app.theme = self.theme.name().to_owned();
                self.notice(Weight::Warn, error.to_string());
                false
            }
        }
    }

    fn take_page(&mut self, wanted: Page) {
        let scene = Scene {
            snapshot: &self.snapshot,
            app: &self.app,
            theme: &self.theme,
            cost: self.pace.cost(),
        };
        let (weight, text) = match wanted {
            Page::CopyRow(pane) => match writing::row(pane, &scene) {
                Some(row) => match terminal::copy(self.surface.writer(), &row) {
                    Ok(()) => (Weight::Info, "copied".to_owned()),
                    Err(error) => (Weight::Warn, format!("not copied: {error}")),
                },
                None => (Weight::Info, "nothing to copy here".to_owned()),
            },
            Page::WriteFile(pane) => {
                match writing::write(pane, &scene, self.setup.folder.as_deref()) {
                    Ok(path) => (Weight::Info, format!("written to {}", path.display())),
                    Err(error) => (Weight::Warn, format!("not written: {error}")),
                }
            }
        };
        self.notice(weight, text);
    }

    fn suspend(&mut self) {
        let (Some(guard), Some(suspend)) =
            (self.surface.guard().cloned(), self.setup.suspend.clone())
        else {
            return self.notice(Weight::Info, "cannot go to the background here".into());
        };
        guard.leave();
        let is_back = suspend();
        self.retake();
        if !is_back {
            self.notice(Weight::Info, "cannot go to the background here".into());
        }
    }

    /// The rules hear the newest facts also while the picture is held still.
    fn take_news(&mut self) {
        let snapshot = self.viewer.snapshot();
        let facts = Facts::of(&snapshot, &self.app);
        if self.app.paused_since.is_none() {
            self.snapshot = snapshot;
        }
        self.tell(Msg::Facts(Arc::new(facts)));
    }

    fn frame(&mut self) {
        if self.pace.has_news() {
            self.take_news();
        } else if self.app.paused_since.is_none() {
            // A new order or filter of a list shows at once, without news.
            let facts = Facts::of(&self.snapshot, &self.app);
            if facts != *self.app.facts {
                self.tell(Msg::Facts(Arc::new(facts)));
            }
        }
        self.shown();
    }

    /// Draws. A terminal that cannot be written to is gone, whoever notices first.
    fn shown(&mut self) {
        if let Err(error) = self.draw() {
            tracing::warn!(%error, "the terminal cannot be drawn on");
            self.lost();
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let watch = Stopwatch::start();
        self.app.now = self.app.now.max(self.now());
        overlays::hold(&mut self.app, self.surface.area());
        let scene = Scene {
            snapshot: &self.snapshot,
            app: &self.app,
            theme: &self.theme,
            cost: self.pace.cost(),
        };
        let mut plan = None;
        self.surface.draw(|frame| plan = Some(page::draw(frame, &scene)))?;
        self.plan = plan;
        let now = self.now();
        self.pace.drawn(now, watch.elapsed());
        Ok(())
    }
}

/// The screen's own time begins with the screen.
fn app_start() -> Moment {
    Moment::default()
}
