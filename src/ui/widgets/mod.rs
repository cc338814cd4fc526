//! Small things that panels are made of. They know styles and cells, no domain.

mod frame;
mod gauge;
mod line;
mod sparkline;
mod table;

pub use frame::pane;
pub use gauge::gauge;
pub use line::{Pen, put};
pub use sparkline::sparkline;
pub use table::{Cell, Column, Table, window};
