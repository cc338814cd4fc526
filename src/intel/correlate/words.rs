//! Words of a text: lower case, without stop words, endings cut a little.
//!
//! Knows nothing of documents; see [`index`](super::index).

/// Shortest and longest word in bytes that is looked at.
const WORD_MIN: usize = 2;
const WORD_MAX: usize = 32;
/// How many words of one text are looked at.
pub(super) const WORDS_MAX: usize = 50_000;

/// Words that say nothing about a subject. Ordered by alphabet for the search.
const STOP_WORDS: &[&str] = &[
    "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "back",
    "be", "because", "been", "before", "best", "but", "by", "can", "could", "dear", "did", "do",
    "does", "for", "from", "get", "go", "had", "has", "have", "he", "hello", "her", "hi", "him",
    "his", "how", "if", "in", "into", "is", "it", "its", "just", "kind", "let", "like", "me",
    "more", "most", "mr", "mrs", "must", "my", "need", "new", "no", "not", "now", "of", "off",
    "on", "once", "one", "only", "or", "our", "out", "over", "please", "re", "regards", "said",
    "see", "send", "she", "should", "so", "some", "such", "thank", "thanks", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "to", "too", "under", "up", "us",
    "very", "want", "was", "we", "were", "what", "when", "which", "who", "why", "will", "with",
    "would", "you", "your",
];

/// Calls `visit` with every word that counts, in order. One buffer serves all words.
pub(super) fn each_word(text: &str, mut visit: impl FnMut(&str)) {
    let mut buffer = String::with_capacity(WORD_MAX);
    let mut count = 0;
    for raw in text.split(|letter: char| !letter.is_alphanumeric()) {
        if raw.len() < WORD_MIN || raw.len() > WORD_MAX {
            continue;
        }
        buffer.clear();
        if raw.is_ascii() {
            buffer.push_str(raw);
            buffer.make_ascii_lowercase();
        } else {
            buffer.extend(raw.chars().flat_map(char::to_lowercase));
        }
        if STOP_WORDS.binary_search(&buffer.as_str()).is_err() {
            visit(stem(&buffer));
            count += 1;
        }
        if count == WORDS_MAX {
            return;
        }
    }
}

/// Cuts the commonest English endings so that "trimming" and "trim" meet. Much less
/// than Porter's algorithm, on purpose: what it joins can be seen at a glance.
fn stem(word: &str) -> &str {
    const ENDINGS: &[(&str, usize)] =
        &[("ations", 4), ("ation", 4), ("ings", 3), ("ing", 3), ("ies", 3), ("ed", 3), ("es", 3)];
    if !word.is_ascii() || word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word;
    }
    let cut = ENDINGS
        .iter()
        .find_map(|(ending, rest)| word.strip_suffix(ending).filter(|stem| stem.len() >= *rest));
    let stem = match cut {
        Some(stem) => stem,
        None if word.len() > 3 && !word.ends_with("ss") => {
            word.strip_suffix(['s', 'e', 'y']).unwrap_or(word)
        }
        None => word,
    };
    // "trimm" of "trimming" and "trim" are one word; so are "sell" and "sel".
    let bytes = stem.as_bytes();
    match bytes {
        [.., a, b] if a == b && stem.len() > 3 => stem.get(..stem.len() - 1).unwrap_or(stem),
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        each_word(text, |word| all.push(word.to_owned()));
        all
    }

    #[test]
    fn stop_words_are_in_the_order_that_their_search_needs() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn forms_of_one_word_meet() {
        assert_eq!(words("trim trimming trimmed trims"), ["trim"; 4]);
        assert_eq!(
            words("The sale of THE hedge, hedges and hedging"),
            ["sal", "hedg", "hedg", "hedg"]
        );
    }
}
