//! What the reader of a refused configuration needs to know: key, value, range, remedy.
//!
//! TOML and serde say what they did not expect, and seldom of which key. The range is
//! asked of the rule that judges the key, so that it stands in one place only.

use toml::Value;

use crate::config::{Config, Purpose};

/// Letters of a value that are shown.
const SHOWN_MAX: usize = 40;
/// Words after which the rules say what is permitted.
const PERMITTED: [&str; 4] = [", it must ", ": it must ", ": use ", "must be "];
/// The whole numbers of Rust, as serde names them, with the largest.
const WHOLE: [(&str, &str); 4] =
    [("u8", "255"), ("u16", "65535"), ("u32", "4294967295"), ("u64", "9223372036854775807")];

/// The key that a line sets, with the section it stands in, and its value.
pub(super) fn set_on(text: &str, line: usize) -> Option<(String, String)> {
    let (key, value) = text.lines().nth(line)?.split_once('=')?;
    let key = key.trim();
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    if key.is_empty() || !key.chars().all(is_bare) {
        return None;
    }
    let value = value.split('#').next().unwrap_or_default().trim();
    let value = value.chars().take(SHOWN_MAX).collect();
    let above: Vec<&str> = text.lines().take(line).collect();
    let heading = above.iter().rev().find_map(|line| {
        line.trim().strip_prefix('[')?.split(']').next().map(|name| name.trim().to_owned())
    });
    let path = heading.map_or_else(|| key.to_owned(), |section| format!("{section}.{key}"));
    Some((path, value))
}

/// Says of which key a message is, and what is permitted there. A message that already
/// names what is known, such as the variants of a choice, is kept.
pub(super) fn explained(text: &str, line: usize, message: &str) -> String {
    let Some((path, value)) = set_on(text, line) else { return message.to_owned() };
    if message.contains("unknown field") {
        return message.to_owned();
    }
    let is_number = value.parse::<f64>().is_ok();
    let whole = WHOLE.iter().find(|(name, _)| message.ends_with(&format!("expected {name}")));
    let permitted = match whole {
        Some((_, most)) => {
            Some(range_of(&path).unwrap_or_else(|| format!("be a whole number from 0 to {most}")))
        }
        None if is_number => range_of(&path),
        None => None,
    };
    match permitted {
        Some(permitted) => format!("{path} is {value}, it must {permitted}"),
        None if is_number => {
            format!("{path} is {value}: {message}; write a plain number such as 0.2 or 1000")
        }
        None => format!("{path} is {value}: {message}"),
    }
}

/// What the rules permit, as they say it of a value that they refuse.
fn range_of(path: &str) -> Option<String> {
    let probes = [
        Value::Integer(-1),
        Value::Integer(0),
        Value::Float(-1.0),
        Value::Integer(i64::from(u32::MAX)),
        Value::Integer(999_999_999_999),
        Value::Float(1e12),
    ];
    probes.into_iter().find_map(|probe| {
        let mut table = Config::defaults(Purpose::Sim).to_table();
        let (sections, key) = path.rsplit_once('.').unwrap_or(("", path));
        let mut place = &mut table;
        for section in sections.split('.').filter(|section| !section.is_empty()) {
            place = place.get_mut(section)?.as_table_mut()?;
        }
        *place.get_mut(key)? = probe;
        let refused = table.try_into::<Config>().ok()?.validate().err()?.to_string();
        // Of this key, and not of another one that no longer fits it.
        let is_ours = refused.split([' ', ':']).any(|word| word.rsplit('.').next() == Some(key));
        let found = PERMITTED.iter().find_map(|words| {
            let (_, permitted) = refused.split_once(words)?;
            let verb = if words.ends_with("it must ") { "" } else { "be " };
            Some(format!("{verb}{permitted}"))
        });
        found.filter(|_| is_ours)
    })
}
