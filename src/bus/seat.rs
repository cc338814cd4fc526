//! One tokio task around one agent.
//!
//! The task takes an envelope, hands it to the agent, and sends back one reply
//! with everything the agent said, also when that is nothing. One reply per
//! delivery makes outputs all-or-nothing and shows at once which seat is slow.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::bus::agent::{Agent, Outbox, Output};
use crate::bus::supervision::handle_caught;
use crate::domain::ids::Seq;
use crate::events::Envelope;

/// What a seat answers to one delivery.
#[derive(Debug)]
pub(in crate::bus) struct Reply {
    /// Place in the roster.
    pub(in crate::bus) seat: usize,
    /// How often the seat has been occupied before: a reply of a retired agent is
    /// told from one of its successor.
    pub(in crate::bus) generation: u32,
    /// The envelope that it answers.
    pub(in crate::bus) seq: Seq,
    /// What the agent said, or its last words.
    pub(in crate::bus) outputs: Result<Vec<Output>, String>,
}

/// Seats an agent: spawns its task and returns the way to it. The task ends when
/// the sender is dropped, or after a panic.
pub(in crate::bus) fn occupy(
    tracker: &TaskTracker,
    mut agent: Box<dyn Agent>,
    (seat, generation): (usize, u32),
    replies: mpsc::UnboundedSender<Reply>,
) -> mpsc::UnboundedSender<Arc<Envelope>> {
    let (sender, mut deliveries) = mpsc::unbounded_channel::<Arc<Envelope>>();
    let span = tracing::debug_span!("agent", id = %agent.id());
    let task = async move {
        let mut out = Outbox::default();
        while let Some(envelope) = deliveries.recv().await {
            let handled = handle_caught(agent.as_mut(), &envelope, &mut out);
            let outputs = handled.map(|()| out.take());
            let is_over = outputs.is_err();
            let reply = Reply { seat, generation, seq: envelope.seq, outputs };
            if replies.send(reply).is_err() || is_over {
                break;
            }
        }
    };
    tracker.spawn(task.instrument(span));
    sender
}
