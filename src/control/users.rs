//! The name that belongs to a user's number, for the audit record.
//!
//! Read from the local list of users. Users of a directory service have a number
//! only; the number is what counts.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// Where the local users stand.
const LIST: &str = "/etc/passwd";
/// Bytes of it that are read.
const BYTES_MAX: u64 = 1 << 20;
/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 32;

/// Returns the name of a user, when the machine knows one.
pub(in crate::control) fn name(uid: u32) -> Option<String> {
    let file = File::open(LIST).ok()?;
    find(BufReader::new(file.take(BYTES_MAX)), uid)
}

fn find(list: impl BufRead, uid: u32) -> Option<String> {
    list.lines().map_while(Result::ok).find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        let clean = name.chars().filter(char::is_ascii_graphic);
        (number == uid).then(|| clean.take(NAME_CHARS_MAX).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_number() {
        let list = "root:x:0:0:root:/:/bin/sh\n# note\nad\u{1b}a:x:1000:1000::/:\n";
        assert_eq!(find(list.as_bytes(), 0).as_deref(), Some("root"));
        assert_eq!(find(list.as_bytes(), 1000).as_deref(), Some("ada"));
        assert_eq!(find(list.as_bytes(), 1001), None);
    }
}
