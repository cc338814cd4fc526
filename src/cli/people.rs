//! Who may be around a run: the cockpit's looks, the places of control.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use etcetera::BaseStrategy;

use crate::app::{BusOptions, ControlPlaces, People, ScreenOptions};
use crate::brokers::install_tls_provider;
use crate::bus::redis::Endpoint;
use crate::cli::Failure;
use crate::cli::arguments::Run;
use crate::cli::run::data_folder;
use crate::config::Config;
use crate::control::folder;
use crate::control::webhook::Webhook;
use crate::telemetry::settings::Settings;
use crate::ui::keymap::Keymap;
use crate::ui::theme::{Catalogue, GlyphSet, Level};

/// Instances of one name that a run of the embedded market steps aside for.
const ASIDE_MAX: u32 = 16;

/// Works out who may be around.
///
/// # Errors
/// When keys, theme or webhook cannot be used, or the instance has no legal name.
pub(crate) fn around(
    run: &Run,
    has_screen: bool,
    is_paper: bool,
    settings: &Config,
) -> Result<People, Failure> {
    let screen = if has_screen {
        Some(screen(run, settings)?)
    } else {
        check_theme(run, settings)?;
        None
    };
    let webhook = match settings.alerts.webhook.as_str() {
        "" => None,
        address => {
            install_tls_provider();
            Some(Webhook::new(address).map_err(Failure::refused)?)
        }
    };
    let (instance, places) = places(run, is_paper)?;
    let mut config = settings.bus.clone();
    config.redis.clone_from(run.bus.as_ref().unwrap_or(&settings.bus.redis));
    let has_bus = !config.redis.is_empty();
    let members = settings.strategy.external_members.clone();
    if run.standby && !has_bus {
        return Err(Failure::refused(anyhow!("--standby needs Redis: give --bus URL with it")));
    }
    let standby = run.standby.then(Arc::default);
    let seed = settings.seed;
    let bus = has_bus.then_some(BusOptions { config, instance, members, seed, standby });
    Ok(People { control: Some(places), screen, webhook, telemetry: None, page: run.metrics, bus })
}

fn places(run: &Run, is_paper: bool) -> Result<(String, ControlPlaces), Failure> {
    let data = data_folder()?;
    let runtime = std::env::var_os("XDG_RUNTIME_DIR");
    let sockets = folder::sockets(runtime.as_deref(), &data);
    let mode = if is_paper { "paper" } else { "sim" };
    let name = match &run.instance {
        Some(name) => name.clone(),
        // Two houses on one account would trade it twice; two markets are two markets.
        None if is_paper => mode.to_owned(),
        None => aside(&sockets, mode),
    };
    let socket = folder::socket(&sockets, &name).map_err(Failure::refused)?;
    let kill_file = folder::kill_file(&data, &name).map_err(Failure::refused)?;
    Ok((name, ControlPlaces { socket, kill_file }))
}

/// The first name that no living instance has.
fn aside(sockets: &Path, mode: &str) -> String {
    let is_free = |name: &String| {
        let path = folder::socket(sockets, name);
        path.is_ok_and(|path| std::os::unix::net::UnixStream::connect(path).is_err())
    };
    let first = mode.to_owned();
    let others = (2..ASIDE_MAX).map(|number| format!("{mode}-{number}"));
    std::iter::once(first.clone()).chain(others).find(is_free).unwrap_or(first)
}

/// How the cockpit looks.
///
/// # Errors
/// When keys or theme cannot be used.
pub(crate) fn screen(run: &Run, settings: &Config) -> Result<ScreenOptions, Failure> {
    let folders = etcetera::choose_base_strategy().ok();
    let ours = folders.as_ref().map(|folders| folders.config_dir().join("flightdeck"));
    let keymap = keymap(ours.as_deref(), run.read_only)?;
    let variable = |name: &str| std::env::var(name).ok();
    let is_ascii = run.ascii || settings.screen.ascii;
    let theme = run.theme.clone().unwrap_or_else(|| settings.screen.theme.clone());
    let themes = ours.map(|ours| ours.join("themes"));
    let level = Level::detect(variable);
    // A theme that is not there is refused before the terminal is taken.
    check_theme(run, settings)?;
    Ok(ScreenOptions {
        keymap: Arc::new(keymap),
        themes,
        theme,
        level,
        glyphs: if is_ascii { GlyphSet::Ascii } else { GlyphSet::detect(variable) },
        folder: state_folder().ok(),
        on_terminal_lost: settings.screen.on_terminal_lost,
    })
}

/// Refuses a theme that cannot be used, also where nothing is drawn: what was asked for
/// is wrong either way, and is found out before the night and not after it.
fn check_theme(run: &Run, settings: &Config) -> Result<(), Failure> {
    let folders = etcetera::choose_base_strategy().ok();
    let themes = folders.map(|folders| folders.config_dir().join("flightdeck").join("themes"));
    let level = Level::detect(|name| std::env::var(name).ok());
    let (key, name) = match &run.theme {
        Some(name) => ("--theme", name),
        None => ("screen.theme", &settings.screen.theme),
    };
    Catalogue::new(themes).load(name, level).map(drop).map_err(|error| {
        Failure::refused(anyhow!("{key}: {error}; name one of these, or leave it out"))
    })
}

/// The shipped keys, changed by the user's file where there is one.
fn keymap(ours: Option<&Path>, is_read_only: bool) -> Result<Keymap, Failure> {
    let file = ours.map(|ours| ours.join("keys.toml")).filter(|path| path.exists());
    let Some(path) = file else {
        return Keymap::load(None, is_read_only).map_err(Failure::refused);
    };
    let shown = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::refused(anyhow!("cannot read the keys of {shown}: {error}")))?;
    Keymap::load(Some(&text), is_read_only)
        .map_err(|error| Failure::refused(anyhow!("{shown}: {error}; mend it or move it away")))
}

/// Asks the parts that are not about trading what they would refuse when a run begins:
/// keys, theme, webhook, bus and telemetry.
///
/// # Errors
/// Names the first key of the configuration, or the file, that cannot be used.
pub(crate) fn check(settings: &Config) -> Result<(), Failure> {
    let wrong = |key: &str, error: &dyn std::fmt::Display| {
        Failure::refused(anyhow!("configuration: {key}: {error}"))
    };
    let folders = etcetera::choose_base_strategy().ok();
    let ours = folders.map(|folders| folders.config_dir().join("flightdeck"));
    keymap(ours.as_deref(), false)?;
    let level = Level::detect(|name| std::env::var(name).ok());
    Catalogue::new(ours.map(|ours| ours.join("themes")))
        .load(&settings.screen.theme, level)
        .map_err(|error| wrong("screen.theme", &error))?;
    if !settings.alerts.webhook.is_empty() {
        install_tls_provider();
        Webhook::new(&settings.alerts.webhook).map_err(|error| wrong("alerts.webhook", &error))?;
    }
    if !settings.bus.redis.is_empty() {
        Endpoint::new(&settings.bus).map_err(|error| wrong("bus.redis", &error))?;
    }
    Settings::read(|_| None, &settings.telemetry.endpoint)
        .map_err(|error| wrong("telemetry.endpoint", &error))?;
    Ok(())
}

/// The folder of logs and of panes that were written down.
///
/// # Errors
/// When there is no home folder.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    let folders = etcetera::choose_base_strategy()
        .map_err(|_| Failure::refused(anyhow!("there is no home folder; set HOME")))?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir().join("state"));
    Ok(state.join("flightdeck"))
}
