//! TF-IDF over the transcripts: an inverted index, and cosines against it.
//!
//! Weight of a term in a document: (1 + ln tf) · ln(1 + N ÷ df), vectors of length one.
//! Words of a mail that no transcript has are left out of its length. Terms are
//! numbered by alphabet, and sums run in that order, so that results are the same to
//! the last bit. Knows nothing of people, time or entities.

use std::collections::{BTreeMap, HashMap};

use super::words::each_word;

/// A term's number: its place in the alphabet of all terms.
pub(super) type Term = u32;

/// One document: its texts in order.
pub(super) struct Document<'a> {
    /// A title or the like, which belongs to no segment.
    pub(super) title: &'a str,
    /// Its segments.
    pub(super) segments: Vec<&'a str>,
}

/// The index.
#[derive(Debug, Default)]
pub(super) struct WordIndex {
    /// For look-up only; never iterated.
    terms: HashMap<String, Term>,
    spelling: Vec<String>,
    rarity: Vec<f64>,
    /// Per term: documents in order, with the weight of the term in them.
    postings: Vec<Vec<(u32, f64)>>,
    /// Per document, per segment: its terms in order, each once.
    segments: Vec<Vec<Vec<Term>>>,
}

/// A mail as a vector of length one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Query {
    /// In order of terms.
    pub(super) weights: Vec<(Term, f64)>,
}

/// The segment that a mail shares most with, and the words shared, rarest first.
#[derive(Debug, PartialEq)]
pub(super) struct Shared {
    pub(super) segment: usize,
    pub(super) words: Vec<String>,
}

impl WordIndex {
    pub(super) fn new(documents: &[Document<'_>]) -> Self {
        let mut alphabet: BTreeMap<String, Term> = BTreeMap::new();
        for text in documents.iter().flat_map(Document::texts) {
            each_word(text, |word| {
                if !alphabet.contains_key(word) {
                    alphabet.insert(word.to_owned(), 0);
                }
            });
        }
        let spelling: Vec<String> = alphabet.into_keys().collect();
        let terms: HashMap<String, Term> = spelling.iter().cloned().zip(0..).collect();
        let mut index = Self {
            rarity: vec![0.0; spelling.len()],
            postings: vec![Vec::new(); spelling.len()],
            segments: Vec::with_capacity(documents.len()),
            terms,
            spelling,
        };
        index.fill(documents);
        index
    }

    fn fill(&mut self, documents: &[Document<'_>]) {
        let counts: Vec<BTreeMap<Term, u32>> =
            documents.iter().map(|document| self.counts(document.texts())).collect();
        let mut frequency = vec![0_u32; self.spelling.len()];
        for term in counts.iter().flat_map(BTreeMap::keys) {
            frequency[place(*term)] += 1;
        }
        let total = number(documents.len());
        self.rarity = frequency.iter().map(|df| (total / f64::from(*df)).ln_1p()).collect();
        for (document, counts) in (0..).zip(&counts) {
            for (term, weight) in self.vector(counts).weights {
                self.postings[place(term)].push((document, weight));
            }
        }
        for document in documents {
            let segments = document.segments.iter();
            let segments =
                segments.map(|text| self.counts([*text]).into_keys().collect()).collect();
            self.segments.push(segments);
        }
    }

    fn counts<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> BTreeMap<Term, u32> {
        let mut counts = BTreeMap::new();
        for text in texts {
            each_word(text, |word| {
                if let Some(term) = self.terms.get(word) {
                    *counts.entry(*term).or_insert(0) += 1;
                }
            });
        }
        counts
    }

    fn vector(&self, counts: &BTreeMap<Term, u32>) -> Query {
        let weigh = |(term, tf): (&Term, &u32)| {
            (*term, (1.0 + f64::from(*tf).ln()) * self.rarity[place(*term)])
        };
        let mut weights: Vec<(Term, f64)> = counts.iter().map(weigh).collect();
        let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
        if length > 0.0 {
            weights.iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        Query { weights }
    }

    /// Makes a vector of a mail's texts.
    pub(super) fn query(&self, texts: &[&str]) -> Query {
        let mut hits: Vec<Term> = Vec::new();
        for text in texts {
            each_word(text, |word| hits.extend(self.terms.get(word)));
        }
        hits.sort_unstable();
        let counts = hits
            .chunk_by(|left, right| left == right)
            .map(|run| (run[0], u32::try_from(run.len()).unwrap_or(u32::MAX)))
            .collect();
        self.vector(&counts)
    }

    /// Returns the cosine with every document, in order of documents, each in [0, 1].
    pub(super) fn cosines(&self, query: &Query) -> Vec<f64> {
        let mut sums = vec![0.0; self.segments.len()];
        for (term, weight) in &query.weights {
            for (document, other) in &self.postings[place(*term)] {
                sums[place(*document)] += weight * other;
            }
        }
        sums.iter_mut().for_each(|sum| *sum = sum.clamp(0.0, 1.0));
        sums
    }

    /// Returns the segment of a document with the most weight in common, the first of
    /// equals, and its common words; nothing when no segment shares a word.
    pub(super) fn shared(&self, query: &Query, document: usize, words: usize) -> Option<Shared> {
        let mut best: Option<(f64, usize)> = None;
        for (segment, terms) in self.segments.get(document)?.iter().enumerate() {
            let sum: f64 = common(&query.weights, terms).map(|(_, weight)| weight).sum();
            if sum > best.map_or(0.0, |(most, _)| most) {
                best = Some((sum, segment));
            }
        }
        let (_, segment) = best?;
        let terms = &self.segments[document][segment];
        let mut shared: Vec<(Term, f64)> = common(&query.weights, terms).collect();
        shared.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let spell = |(term, _): &(Term, f64)| self.spelling[place(*term)].clone();
        Some(Shared { segment, words: shared.iter().take(words).map(spell).collect() })
    }
}

impl<'a> Document<'a> {
    fn texts(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.title).chain(self.segments.iter().copied())
    }
}

/// The query's terms that a segment has, by a search in the shorter list.
fn common<'a>(query: &'a [(Term, f64)], terms: &'a [Term]) -> impl Iterator<Item = (Term, f64)> {
    terms.iter().filter_map(|term| {
        let at = query.binary_search_by_key(term, |(term, _)| *term).ok()?;
        Some(query[at])
    })
}

fn place(number: u32) -> usize {
    usize::try_from(number).expect("an index in memory fits the machine's word")
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> WordIndex {
        let document =
            |segments: &[&'static str]| Document { title: "", segments: segments.into() };
        WordIndex::new(&[
            document(&["bakery sale in Ohio", "the recipe book stays"]),
            document(&["hedge of the euro", "collateral for the hedge"]),
        ])
    }

    #[test]
    fn a_document_is_nearest_to_its_own_words() {
        let index = index();
        let cosines = index.cosines(&index.query(&["hedge of the euro: collateral for the hedge"]));
        assert!(cosines[0] == 0.0 && (cosines[1] - 1.0).abs() < 1e-12, "{cosines:?}");
    }

    #[test]
    fn shared_words_are_those_of_the_best_segment() {
        let index = index();
        let shared = index.shared(&index.query(&["the recipe books"]), 0, 8).unwrap();
        assert_eq!(shared, Shared { segment: 1, words: vec!["book".into(), "recip".into()] });
        assert_eq!(index.shared(&index.query(&["unknown"]), 0, 8), None);
    }

    #[test]
    fn nothing_known_is_near_to_nothing() {
        let index = index();
        assert_eq!(index.cosines(&index.query(&["", "qwerty"])), [0.0, 0.0]);
        assert!(WordIndex::new(&[]).cosines(&Query::default()).is_empty());
    }
}
