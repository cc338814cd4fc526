//! The assembly line of mail: parse → extract → correlate → store.
//!
//! [`mailbox`] reads mails from files, [`folder`] transcripts; [`mod@line`] is the line as
//! such, which knows nothing of mail; [`stages`] are the steps; [`store`] is where it all
//! ends. What they have in common: nothing is lost, everything keeps its order, and the
//! text is data, whatever it asks for. Begin with [`ingest`].

pub mod line;
pub mod mailbox;
pub mod folder;
pub mod stages;
pub mod ingest;
pub mod store;
pub mod watch;
