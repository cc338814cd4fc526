//! What a key can ask for: the catalogue of actions with their words.

/// Where a key is listened to. Of the first four, all that are open at once share
/// one set of keys: what is bound in two of them is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Everywhere, before anything else sees the key.
    Kill,
    /// Everywhere but in dialogs and inputs.
    Global,
    /// The list that has the focus.
    Lists,
    /// Orders, approvals, breakers.
    Trading,
    /// An open dialog.
    Dialog,
    /// An input line: palette, filter, the word of a confirmation.
    Input,
}

impl Context {
    /// Every context, in the order of the key file.
    pub const ALL: [Self; 6] =
        [Self::Kill, Self::Global, Self::Lists, Self::Trading, Self::Dialog, Self::Input];

    /// The name of its table in the key file, and its heading in help.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Global => "global",
            Self::Lists => "lists",
            Self::Trading => "trading",
            Self::Dialog => "dialog",
            Self::Input => "input",
        }
    }

    /// Tells whether a key may be pressed in both.
    pub fn meets(self, other: Self) -> bool {
        let is_desk = |context| matches!(context, Self::Global | Self::Lists | Self::Trading);
        let is_anywhere = self == Self::Kill || other == Self::Kill;
        is_anywhere || self == other || (is_desk(self) && is_desk(other))
    }
}

/// Declares the actions: context, name in the key file, words for help, label for
/// the footer (empty keeps it out), whether it changes orders or risk.
macro_rules! actions {
    ($($variant:ident: $context:ident, $name:literal, $help:literal, $label:literal, $dangerous:literal;)*) => {
        /// One thing that a key asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $help] $variant,)*
        }

        impl Action {
            /// Every action, in the order of help.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Where it is listened to.
            pub const fn context(self) -> Context {
                match self { $(Self::$variant => Context::$context,)* }
            }

            /// Its name in the key file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One line of help.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }

            /// One word for the footer; empty when it is not shown there.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// True when it changes orders or risk: absent on a read-only screen.
            pub const fn is_dangerous(self) -> bool {
                match self { $(Self::$variant => $dangerous,)* }
            }
        }
    };
}

// The kill key reduces risk, so it is not `dangerous`: it is there on a read-only
// screen as well. So is the key that confirms: nothing that changes orders is asked there,
// and a question about leaving must have an answer.
actions! {
    Kill: Kill, "kill", "Stop new orders at once, cancel entries, keep protective stops", "KILL", false;

    Help: Global, "help", "Show every key", "help", false;
    Palette: Global, "palette", "Open the command line", "cmd", false;
    Filter: Global, "filter", "Filter the pane", "filter", false;
    NextMatch: Global, "next-match", "Go to the next match", "", false;
    PreviousMatch: Global, "previous-match", "Go to the previous match", "", false;
    Tab1: Global, "tab-1", "Go to Desk", "", false;
    Tab2: Global, "tab-2", "Go to Trades", "", false;
    Tab3: Global, "tab-3", "Go to Orders", "", false;
    Tab4: Global, "tab-4", "Go to Risk", "", false;
    Tab5: Global, "tab-5", "Go to Chart", "", false;
    Tab6: Global, "tab-6", "Go to Events", "", false;
    Tab7: Global, "tab-7", "Go to Intel", "", false;
    Tab8: Global, "tab-8", "Go to System", "", false;
    FocusNext: Global, "focus-next", "Move the focus to the next pane", "pane", false;
    FocusPrevious: Global, "focus-previous", "Move the focus to the pane before", "", false;
    Acknowledge: Global, "acknowledge", "Acknowledge the alerts: they no longer ring", "", false;
    Zoom: Global, "zoom", "Let the pane fill the screen, or give it back", "zoom", false;
    Pause: Global, "pause", "Hold the picture still, or follow again; trading goes on", "pause", false;
    Detail: Global, "detail", "Show the row in full", "", false;
    Back: Global, "back", "Close what is open; never quits", "", false;
    Quit: Global, "quit", "Leave the cockpit", "quit", false;
    Redraw: Global, "redraw", "Draw everything anew", "", false;
    Suspend: Global, "suspend", "Go to the background", "", false;
    Mouse: Global, "mouse", "Give the mouse to the cockpit, or back to the terminal", "", false;

    Down: Lists, "down", "Go down a row", "", false;
    Up: Lists, "up", "Go up a row", "", false;
    Top: Lists, "top", "Go to the first row", "", false;
    Bottom: Lists, "bottom", "Go to the last row", "", false;
    HalfDown: Lists, "half-down", "Go down half a page", "", false;
    HalfUp: Lists, "half-up", "Go up half a page", "", false;
    SortNext: Lists, "sort-next", "Sort by the next column", "", false;
    SortReverse: Lists, "sort-reverse", "Turn the order of sorting", "", false;
    CopyRow: Lists, "copy-row", "Copy the row to the clipboard", "", false;
    WritePane: Lists, "write-pane", "Write the pane to a file", "", false;

    Arm: Trading, "arm", "Let risky keys work for a minute, or stop that", "arm", true;
    Review: Trading, "review", "Review what waits for approval", "approve", true;
    Reject: Trading, "reject", "Reject what waits for approval, at once", "reject", true;
    Cancel: Trading, "cancel", "Cancel the entry order under the cursor, at once", "cancel", true;
    Reduce: Trading, "reduce", "Pause: only orders that reduce risk, at once", "", true;
    Reset: Trading, "reset", "Close a tripped breaker by hand (armed and typed)", "reset", true;

    Confirm: Dialog, "confirm", "Send what the dialog says", "send", false;
    DialogReject: Dialog, "dialog-reject", "Reject what the dialog is about, at once", "reject", true;
    DialogArm: Dialog, "dialog-arm", "Let risky keys work for a minute, or stop that", "", true;
    Close: Dialog, "close", "Leave; what waits stays waiting", "leave", false;

    Submit: Input, "submit", "Run the command, keep the filter; confirms nothing", "", false;
    Abandon: Input, "abandon", "Leave the input", "", false;
    Complete: Input, "complete", "Take the first completion", "", false;
    CompletionDown: Input, "completion-down", "Go to the next completion", "", false;
    CompletionUp: Input, "completion-up", "Go to the completion before", "", false;
}

impl Action {
    /// Finds an action by its name in the key file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}
