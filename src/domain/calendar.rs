//! The New York market calendar.
