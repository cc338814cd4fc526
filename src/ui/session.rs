//! The page as it was left: tab, focus, zoom, orders and filters of lists, the symbol.
//!
//! One small file in the state folder, read when the screen opens and written when it
//! closes. What could trade is never in it: no arming, no dialog, no request on its way.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::ui::entry::ENTRY_MAX;
use crate::ui::state::{App, Pane, Sort, Tab};

/// The file in the state folder.
const FILE: &str = "session.toml";
/// A longer file is not one of ours.
const BYTES_MAX: u64 = 64 * 1024;
/// Columns of the widest list, roughly; panes take a column modulo theirs.
const COLUMNS_MAX: usize = 64;

/// Why a page cannot be opened as it was left.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// The file cannot be read.
    #[error("{FILE} cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is too long to be one.
    #[error("{FILE} is longer than {BYTES_MAX} bytes")]
    TooLong,
    /// It is not what was written.
    #[error("{FILE} cannot be understood: {0}")]
    Broken(String),
}

/// What is remembered. Pages and panes go by their names, so that a file of an older
/// or newer program is understood as far as it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Session {
    tab: String,
    focus: String,
    zoomed: bool,
    symbol: Option<Symbol>,
    filters: BTreeMap<String, String>,
    sorts: BTreeMap<String, Order>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    column: usize,
    reversed: bool,
}

impl Session {
    fn of(app: &App) -> Self {
        let named = |pane: &Pane| pane.name().to_owned();
        let order =
            |sort: &Sort| Order { column: sort.column % COLUMNS_MAX, reversed: sort.is_reversed };
        Self {
            tab: app.tab.names().0.to_owned(),
            focus: named(&app.focus),
            zoomed: app.is_zoomed,
            symbol: app.symbol,
            filters: app.filters.iter().map(|(pane, text)| (named(pane), text.clone())).collect(),
            sorts: app.sorts.iter().map(|(pane, sort)| (named(pane), order(sort))).collect(),
        }
    }

    /// Moves the screen to where it was. A name that nobody knows changes nothing.
    pub(super) fn put_into(self, app: &mut App) {
        let pane = |name: &str| Pane::ALL.into_iter().find(|pane| pane.name() == name);
        if let Some(tab) = Tab::ALL.into_iter().find(|tab| tab.names().0 == self.tab) {
            let own = |wanted: &Pane| tab.panes().contains(wanted);
            let focus = pane(&self.focus).filter(own).or(tab.panes().first().copied());
            app.tab = tab;
            app.focus = focus.unwrap_or(app.focus);
            app.is_zoomed = self.zoomed;
        }
        app.symbol = self.symbol;
        for (name, text) in self.filters {
            let is_line = text.chars().count() <= ENTRY_MAX && !text.contains(char::is_control);
            if let (Some(pane), true) = (pane(&name), is_line) {
                app.filters.insert(pane, text);
            }
        }
        for (name, order) in self.sorts {
            let column = order.column % COLUMNS_MAX;
            if let Some(pane) = pane(&name) {
                app.sorts.insert(pane, Sort { column, is_reversed: order.reversed });
            }
        }
    }
}

/// Reads what was left; `None` when nothing was.
///
/// # Errors
/// When the file cannot be read or understood.
pub(super) fn load(folder: &Path) -> Result<Option<Session>, SessionError> {
    let file = match fs::File::open(folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = String::new();
    file.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > BYTES_MAX) {
        return Err(SessionError::TooLong);
    }
    toml::from_str(&text)
        .map(Some)
        .map_err(|error| SessionError::Broken(error.message().to_owned()))
}

/// Writes the page down, for this user alone, in one step: a crash leaves the old file
/// or the new one.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn save(folder: &Path, app: &App) -> io::Result<()> {
    let text = toml::to_string(&Session::of(app)).map_err(io::Error::other)?;
    fs::create_dir_all(folder)?;
    let new = folder.join(format!("{FILE}.{}", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let moved = written.and_then(|()| fs::rename(&new, folder.join(FILE)));
    if moved.is_err() {
        // What is left of it would be no use to anybody.
        let _ = fs::remove_file(&new);
    }
    moved
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use super::*;
    use crate::ui::keymap::Keymap;
    use crate::ui::state::Moment;
    use crate::ui::theme::GlyphSet;

    fn app() -> App {
        let themes = Arc::from(Vec::new());
        App::new(Arc::new(Keymap::shipped()), themes, "classic", GlyphSet::Unicode)
    }

    /// Everything that can be remembered and something that must not be.
    fn left() -> App {
        let mut app = app();
        app.tab = Tab::Orders;
        app.focus = Pane::Positions;
        app.is_zoomed = true;
        app.symbol = Symbol::new("NVDA").ok();
        app.filters.insert(Pane::Events, "level:warn \"x\"".into());
        app.sorts.insert(Pane::Watchlist, Sort { column: 3, is_reversed: true });
        app.armed_until = Some(Moment::default());
        app
    }

    #[test]
    fn the_page_opens_as_it_was_left_and_nothing_is_armed() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/flightdeck");
        let left = left();
        save(&folder, &left).unwrap();
        let mut opened = app();
        load(&folder).unwrap().unwrap().put_into(&mut opened);
        assert_eq!((opened.tab, opened.focus, opened.is_zoomed), (left.tab, left.focus, true));
        assert_eq!((&opened.filters, &opened.sorts), (&left.filters, &left.sorts));
        assert_eq!(opened.symbol, left.symbol);
        assert!(opened.armed_until.is_none() && opened.dialog.is_none());
        let mode = fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left behind");
    }

    #[track_caller]
    fn check(text: impl AsRef<[u8]>, is_understood: bool) {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(FILE), text).unwrap();
        let loaded = load(home.path());
        assert_eq!(loaded.is_ok(), is_understood, "{loaded:?}");
        if let Ok(Some(session)) = loaded {
            let mut opened = app();
            session.put_into(&mut opened);
            assert!(opened.tab.panes().contains(&opened.focus));
            assert!(opened.filters.values().all(|text| !text.contains(char::is_control)));
        }
    }

    #[test]
    fn a_file_that_is_broken_or_from_elsewhere_harms_nothing() {
        assert!(load(Path::new("/no/such/folder")).unwrap().is_none());
        check("", true);
        check("tab = \"Tower\"\nfocus = \"Events\"\n", true);
        check("tab = \"Risk\"\nfocus = \"Events\"\n", true);
        check("[filters]\nEvents = \"\\u001b[2J\"\nNowhere = \"x\"\n", true);
        check("[sorts.Events]\ncolumn = 9999999999\n", true);
        check("[sorts.Events]\ncolumn = -1\n", false);
        check("armed = true\n", false);
        check("tab = [", false);
        check([0xff, 0xfe], false);
        check(vec![b'#'; 70_000], false);
    }
}
