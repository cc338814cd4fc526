//! The disk under the journal of a simulated house: it survives the house, it may refuse
//! to be written, and what was not synced may be lost with the process.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::ids::{ClientOrderId, Seq};
use crate::events::{Envelope, Event, OrderEvent};
use crate::journal::{Journal, JournalError};

/// A disk, shared by clones.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    envelopes: Vec<Envelope>,
    /// How many of them are safe.
    synced: usize,
    /// Names of the orders whose intent is safe.
    intents: BTreeSet<ClientOrderId>,
    /// Appends that still succeed before one fails.
    left: Option<u64>,
}

impl Disk {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails after so many more records.
    pub(super) fn fail_after(&self, records: u64) {
        self.platter().left = Some(records);
    }

    /// The process is gone: of what was not synced, a part that `lot` draws survives.
    pub(super) fn lose_power(&self, lot: u64) {
        let mut platter = self.platter();
        platter.left = None;
        let loose = u64::try_from(platter.envelopes.len() - platter.synced).unwrap_or_default();
        let kept = usize::try_from(lot % (loose + 1)).unwrap_or_default();
        let length = platter.synced + kept;
        platter.envelopes.truncate(length);
    }

    /// Whether the intent of an order is safe.
    pub(super) fn has_intent(&self, id: &ClientOrderId) -> bool {
        self.platter().intents.contains(id)
    }

    /// Shows everything that is there, oldest first.
    pub(super) fn show(&self, mut see: impl FnMut(&Envelope)) {
        self.platter().envelopes.iter().for_each(&mut see);
    }
}

impl Journal for Disk {
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        let mut platter = self.platter();
        match &mut platter.left {
            Some(0) => {
                let cause = io::Error::from(io::ErrorKind::StorageFull);
                return Err(JournalError::File { path: "simulated".into(), cause });
            }
            Some(left) => *left -= 1,
            None => {}
        }
        platter.envelopes.push(envelope.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        let mut platter = self.platter();
        let Platter { envelopes, synced, intents, .. } = &mut *platter;
        for envelope in envelopes.iter().skip(*synced) {
            if let Event::Order(OrderEvent::Submit(submit)) = &envelope.event {
                intents.insert(submit.order.request().client_order_id.clone());
            } else if let Event::Order(OrderEvent::Modify(modify)) = &envelope.event {
                intents.insert(modify.new_client_order_id.clone());
            }
        }
        *synced = envelopes.len();
        Ok(())
    }

    fn for_each(
        &mut self,
        before: Seq,
        visit: &mut dyn FnMut(&Envelope),
    ) -> Result<(), JournalError> {
        let platter = self.platter();
        platter.envelopes.iter().take_while(|envelope| envelope.seq < before).for_each(visit);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AgentId;
    use crate::domain::time::Timestamp;
    use crate::events::{SessionEnded, SystemEvent};

    fn envelope(number: u64) -> Envelope {
        Envelope {
            seq: Seq(number),
            at: Timestamp::default(),
            cause: None,
            root: Seq(number),
            source: AgentId::Spine,
            event: SystemEvent::SessionEnded(SessionEnded { reason: String::new() }).into(),
        }
    }

    #[test]
    fn what_was_synced_survives_the_process_and_of_the_rest_a_beginning() {
        let mut disk = Disk::default();
        for number in 1..=2 {
            disk.append(&envelope(number)).unwrap();
        }
        disk.sync().unwrap();
        for number in 3..=5 {
            disk.append(&envelope(number)).unwrap();
        }
        disk.lose_power(1);
        let mut kept = Vec::new();
        disk.show(|envelope| kept.push(envelope.seq.0));
        assert_eq!(kept, [1, 2, 3]);
    }

    #[test]
    fn a_disk_that_is_to_fail_takes_so_many_records_more() {
        let mut disk = Disk::default();
        disk.fail_after(1);
        disk.append(&envelope(1)).unwrap();
        assert!(disk.append(&envelope(2)).is_err());
        disk.lose_power(0);
        disk.append(&envelope(1)).unwrap();
    }
}
