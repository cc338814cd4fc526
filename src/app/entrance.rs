//! The spine's door, as the gateway sees it.

use crate::brokers::gateway::{Closed, Entrance};
use crate::bus::spine::Door;
use crate::domain::ids::AgentId;
use crate::domain::time::Timestamp;
use crate::events::Event;

/// Lets events from outside in by the door.
pub(super) struct DoorEntrance(pub(super) Door);

impl Entrance for DoorEntrance {
    /// Market data waits until the house has dealt with it, so that what comes meanwhile
    /// is conflated in the gateway and never grows old in the queue of the door.
    async fn offer(&self, at: Timestamp, source: AgentId, event: Event) -> Result<(), Closed> {
        let taken = if matches!(event, Event::Feed(_)) {
            self.0.send_and_settle(at, source, event).await
        } else {
            self.0.send(at, source, event).await
        };
        taken.map_err(|_| Closed)
    }
}
