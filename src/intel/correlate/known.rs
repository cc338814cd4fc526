//! People and entities by the meetings in which they come up, with their rarity.
//!
//! Knows nothing of wording and time.

use std::collections::BTreeMap;

use crate::intel::entities::{Entity, Value};

/// What comes up in which meetings. Keys are texts such as `daniel okafor` or
/// `ticker:AAPL`.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Meetings in order, each once.
    meetings: BTreeMap<String, Vec<usize>>,
    total: usize,
}

impl Known {
    /// Collects the keys of each meeting, in order of meetings.
    pub(super) fn new(keys: &[Vec<String>]) -> Self {
        let mut meetings: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (meeting, keys) in keys.iter().enumerate() {
            for key in keys {
                let list = meetings.entry(key.clone()).or_default();
                if list.last() != Some(&meeting) {
                    list.push(meeting);
                }
            }
        }
        Self { meetings, total: keys.len() }
    }

    /// Returns rarity in (0, 1] and the meetings of a key.
    pub(super) fn get(&self, key: &str) -> Option<(f64, &[usize])> {
        let meetings = self.meetings.get(key)?;
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let total = number(self.total);
        let rarity = (total / number(meetings.len())).ln_1p() / total.ln_1p();
        Some((rarity, meetings))
    }
}

/// Returns the key of a name: first and last word in lower case, nothing between.
pub(super) fn person_key(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let mut words = name
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '\'')
        .filter(|word| word.len() > 1 && !matches!(*word, "mr" | "mrs" | "ms" | "dr"));
    let first = words.next()?.to_owned();
    Some(words.next_back().map_or(first.clone(), |last| format!("{first} {last}")))
}

/// Returns the keys under which a participant is found: the full name, and its words.
pub(super) fn keys_of_participant(name: &str) -> Vec<String> {
    let Some(key) = person_key(name) else { return Vec::new() };
    let words: Vec<String> = key.split(' ').map(str::to_owned).collect();
    if words.len() > 1 { std::iter::once(key).chain(words).collect() } else { words }
}

/// Returns the key of an entity that two texts may share. A listed company goes by its
/// ticker; people and days have terms of their own; intents and addresses say nothing
/// about the subject.
pub(super) fn entity_key(entity: &Entity) -> Option<String> {
    match &entity.value {
        Value::Ticker(symbol) => Some(format!("ticker:{symbol}")),
        Value::Company(name) if entity.rule == "legal-form" => {
            Some(format!("company:{}", name.to_lowercase()))
        }
        Value::Money(..) => Some(format!("money:{}", entity.value)),
        Value::Percent(_) => Some(format!("percent:{}", entity.value)),
        Value::Company(_)
        | Value::Person(_)
        | Value::Address(_)
        | Value::Date(_)
        | Value::Intent { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_by_its_first_and_last_word() {
        assert_eq!(person_key("Mrs. Carla J. Benton").as_deref(), Some("carla benton"));
        assert_eq!(person_key("Hale").as_deref(), Some("hale"));
        assert_eq!(person_key(" . "), None);
        assert_eq!(keys_of_participant("Tom Ray"), ["tom ray", "tom", "ray"]);
    }

    #[test]
    fn what_comes_up_everywhere_is_not_rare() {
        let known = Known::new(&[vec!["a".into(), "b".into()], vec!["a".into(), "a".into()]]);
        let (all, one) = (known.get("a").unwrap(), known.get("b").unwrap());
        assert!(all.0 < one.0 && (one.0 - 1.0).abs() < 1e-12);
        assert_eq!((all.1, one.1), (&[0, 1][..], &[0][..]));
        assert!(known.get("c").is_none());
    }
}
