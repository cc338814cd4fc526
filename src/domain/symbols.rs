//! A table with one row per symbol, for folds that see every symbol every minute.
//!
//! Rows are found by a hint first (bars arrive in the same order every minute),
//! then by hash. Iteration is in the order in which symbols were first seen,
//! which is an order that the journal fixes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::domain::ids::Symbol;

/// One row of `T` per symbol.
#[derive(Debug, Clone)]
pub struct SymbolMap<T> {
    symbols: Vec<Symbol>,
    rows: Vec<T>,
    index: HashMap<SymbolKey, usize, BuildHasherDefault<SymbolHasher>>,
    /// Where the next row is expected: one past the last one found.
    hint: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SymbolKey(Symbol);

impl std::hash::Hash for SymbolKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.0.as_number());
    }
}

/// Multiplies the two halves of a symbol; symbols come from configuration and
/// brokers, so no defence against chosen collisions is needed.
#[derive(Debug, Clone, Default)]
struct SymbolHasher(u64);

impl Hasher for SymbolHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    fn write_u128(&mut self, number: u128) {
        let [low, high] = [number & u128::from(u64::MAX), number >> 64]
            .map(|half| u64::try_from(half).unwrap_or_default());
        let mixed = (low ^ high.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

impl<T> Default for SymbolMap<T> {
    fn default() -> Self {
        Self { symbols: Vec::new(), rows: Vec::new(), index: HashMap::default(), hint: 0 }
    }
}

impl<T> SymbolMap<T> {
    /// Returns the row of a symbol, made by `make` when there is none.
    pub fn row(&mut self, symbol: Symbol, make: impl FnOnce() -> T) -> &mut T {
        let at = self.position(symbol).unwrap_or_else(|| {
            self.index.insert(SymbolKey(symbol), self.rows.len());
            self.symbols.push(symbol);
            self.rows.push(make());
            self.rows.len() - 1
        });
        self.hint = at + 1;
        &mut self.rows[at]
    }

    /// Returns the row of a symbol.
    pub fn get(&self, symbol: Symbol) -> Option<&T> {
        self.position(symbol).and_then(|at| self.rows.get(at))
    }

    /// Returns the row of a symbol for change.
    pub fn get_mut(&mut self, symbol: Symbol) -> Option<&mut T> {
        let at = self.position(symbol)?;
        self.hint = at + 1;
        self.rows.get_mut(at)
    }

    /// Walks all rows in the order in which their symbols were first seen.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, &T)> {
        self.symbols.iter().copied().zip(&self.rows)
    }

    /// Walks all rows for change, in the same order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Symbol, &mut T)> {
        self.symbols.iter().copied().zip(&mut self.rows)
    }

    /// Returns how many symbols have a row.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether no symbol has a row.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn position(&self, symbol: Symbol) -> Option<usize> {
        let hint = if self.hint < self.symbols.len() { self.hint } else { 0 };
        if self.symbols.get(hint) == Some(&symbol) {
            return Some(hint);
        }
        self.index.get(&SymbolKey(symbol)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_in_any_order_and_kept_in_the_first() {
        let symbol = |text: &str| Symbol::new(text).unwrap();
        let mut map = SymbolMap::default();
        for text in ["B", "A", "C", "A", "C", "B"] {
            *map.row(symbol(text), || 0) += 1;
        }
        let rows: Vec<(String, i32)> = map.iter().map(|(s, n)| (s.to_string(), *n)).collect();
        assert_eq!(rows, [("B".into(), 2), ("A".into(), 2), ("C".into(), 2)]);
        assert_eq!(map.get(symbol("D")), None);
        assert_eq!(map.get_mut(symbol("A")), Some(&mut 2));
    }
}
