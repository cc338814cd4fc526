//! The line of each order: what is asked about one order happens one after the other,
//! different orders side by side.
//!
//! A cancel waits until its submit has been answered or looked up, so it never
//! overtakes the order that it means. Nothing is sent here.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::ids::{ClientOrderId, Symbol};
use crate::events::{OrderModify, OrderSubmit};

/// Jobs that may wait in one line; a question beyond it would be asked again anyway.
const JOBS_MAX: usize = 32;

/// One thing to do about an order.
#[derive(Debug)]
pub(super) enum Job {
    Submit(Box<OrderSubmit>),
    Replace(OrderModify),
    Cancel,
    Status,
}

/// The lines of all orders about which something is under way.
#[derive(Debug, Default)]
pub(super) struct Lines {
    lines: BTreeMap<ClientOrderId, Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Job>,
    /// Set while an order with attached exits is being submitted: their names come
    /// with the answer.
    composite: Option<Symbol>,
}

impl Lines {
    /// Puts a job into the line of an order; returns it when it may begin at once.
    pub(super) fn add(&mut self, id: &ClientOrderId, job: Job) -> Option<Job> {
        let Some(line) = self.lines.get_mut(id) else {
            self.lines.insert(id.clone(), Line::default());
            return Some(self.begin(id, job));
        };
        let is_repeated = match job {
            Job::Cancel => line.waiting.iter().any(|job| matches!(job, Job::Cancel)),
            Job::Status => line.waiting.iter().any(|job| matches!(job, Job::Status)),
            Job::Submit(_) | Job::Replace(_) => false,
        };
        if !is_repeated && (line.waiting.len() < JOBS_MAX || !matches!(job, Job::Status)) {
            line.waiting.push_back(job);
        }
        None
    }

    /// Jobs that wait behind others.
    pub(super) fn waiting(&self) -> usize {
        self.lines.values().map(|line| line.waiting.len()).sum()
    }

    /// Tells whether nothing is under way about an order.
    pub(super) fn is_idle(&self, id: &ClientOrderId) -> bool {
        !self.lines.contains_key(id)
    }

    /// The present job of an order is over; returns the next.
    pub(super) fn next(&mut self, id: &ClientOrderId) -> Option<Job> {
        let line = self.lines.get_mut(id)?;
        line.composite = None;
        if let Some(job) = line.waiting.pop_front() {
            return Some(self.begin(id, job));
        }
        self.lines.remove(id);
        None
    }

    /// Tells whether the names of attached exits of a symbol are still awaited.
    pub(super) fn awaits_legs(&self, symbol: Symbol) -> bool {
        self.lines.values().any(|line| line.composite == Some(symbol))
    }

    fn begin(&mut self, id: &ClientOrderId, job: Job) -> Job {
        if let (Job::Submit(submit), Some(line)) = (&job, self.lines.get_mut(id)) {
            let request = submit.order.request();
            let has_legs = request.class != crate::domain::order::OrderClass::Simple;
            line.composite = has_legs.then_some(request.symbol);
        }
        job
    }
}
