//! The last so many numbers, in a ring made once. Knows nothing of what is
//! computed from them.

/// A ring of the newest values; slots not yet written hold zero.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    slots: Box<[f64]>,
    next: usize,
    is_full: bool,
}

impl Window {
    /// Makes an empty window of `period` values, at least one.
    pub(crate) fn new(period: u32) -> Self {
        assert!(period >= 1, "a window holds at least one value");
        Self { slots: vec![0.0; period as usize].into(), next: 0, is_full: false }
    }

    /// Puts a value in and returns the one that it replaces, zero while the
    /// window fills.
    #[inline]
    pub(crate) fn push(&mut self, value: f64) -> f64 {
        let gone = std::mem::replace(&mut self.slots[self.next], value);
        let next = self.next + 1;
        let turned = next == self.slots.len();
        self.next = if turned { 0 } else { next };
        self.is_full |= turned;
        gone
    }

    /// Tells whether every slot has been written.
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Tells whether the newest value was written to the last slot: once per
    /// turn of the ring.
    #[inline]
    pub(crate) const fn has_just_turned(&self) -> bool {
        self.next == 0 && self.is_full
    }

    /// Returns the values, in no promised order.
    pub(crate) const fn values(&self) -> &[f64] {
        &self.slots
    }

    /// Multiplies every value.
    pub(crate) fn rescale(&mut self, factor: f64) {
        for slot in &mut self.slots {
            *slot *= factor;
        }
    }
}
