//! Small things that panels are made of. They know styles and cells, no domain.

mod candle;
mod field;
mod frame;
mod gauge;
mod line;
mod sparkline;
mod table;
mod text;

pub use candle::{Candle, Scale, candle};
pub use field::{Field, fields};
pub use frame::{Heading, fitting, framed, pane};
pub use gauge::gauge;
pub use line::{Pen, put};
pub use sparkline::{sparkline, sparkline_of_money};
pub use table::{Cell, Column, Table, window};
pub use text::{Line, broken, column_width, columns, text};
