//! Words for styles: a small embedding that turns a text into a mixture of known styles.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng, rngs::StdRng};

/// The words that styles are described with, in alphabetical order.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary(Vec<String>);

impl Vocabulary {
    /// Every word of these texts.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let words: BTreeSet<String> = texts.into_iter().flat_map(words).collect();
        Vocabulary(words.into_iter().collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The places of a text's words. Words that no style was described with are an error that names them: nothing is
    /// known of them, and a guess would look like an answer.
    pub fn find(&self, text: &str) -> Result<Vec<u32>> {
        let words: Vec<String> = words(text).collect();
        ensure!(!words.is_empty(), "\"{text}\" has no words");
        let place = |word: &String| self.0.binary_search(word).ok();
        let unknown: Vec<String> =
            words.iter().filter(|word| place(word).is_none()).map(|word| format!("\"{word}\"")).collect();
        ensure!(
            unknown.is_empty(),
            "no style is described with the word{} {}; the words that are known: {}",
            if unknown.len() == 1 { "" } else { "s" },
            unknown.join(", "),
            self.0.join(", ")
        );
        Ok(words.iter().filter_map(place).map(|place| place as u32).collect())
    }
}

/// Runs of letters and digits, in lower case.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Half of the words, drawn one by one, but at least one: a text of a few words has to do as well as a whole description.
pub fn some_of(words: &[u32], rng: &mut StdRng) -> Vec<u32> {
    let certain = rng.random_range(0..words.len());
    let drawn = words.iter().enumerate().filter(|(index, _)| rng.random_bool(0.5) || *index == certain);
    drawn.map(|(_, &word)| word).collect()
}

/// Scores of each style `[texts, styles]`: the mean over the words of each text of their rows in `table`
/// `[words, styles]`. Their softmax is the mixture.
pub fn scores(table: &Tensor, texts: &[Vec<u32>]) -> candle_core::Result<Tensor> {
    let rows = texts.iter().map(|words| {
        let words = Tensor::new(words.as_slice(), &Device::Cpu)?;
        table.index_select(&words, 0)?.mean(0)
    });
    Tensor::stack(&rows.collect::<candle_core::Result<Vec<_>>>()?, 0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn unknown_words_are_named_and_not_guessed() {
        let vocabulary = Vocabulary::of(["Bold ink, bold lines.", "Light washes"]);
        assert_eq!(vocabulary.0, ["bold", "ink", "light", "lines", "washes"]);
        assert_eq!(vocabulary.find("LIGHT ink!").unwrap(), [2, 1]);
        let error = vocabulary.find("light inks, neon").unwrap_err().to_string();
        assert!(error.contains("words \"inks\", \"neon\";") && error.contains("bold, ink, light"), "{error}");
        assert!(vocabulary.find(" - ").unwrap_err().to_string().contains("has no words"));
    }

    #[test]
    fn a_text_scores_as_its_words_do_on_average() {
        let table = Tensor::new(&[[1f32, 0.0], [0.0, 4.0], [3.0, 2.0]], &Device::Cpu).unwrap();
        let scores = scores(&table, &[vec![0, 1], vec![2], vec![0, 2, 2]]).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(scores[0], [0.5, 2.0]);
        assert_eq!(scores[1], [3.0, 2.0]);
        assert!((scores[2][0] - 7.0 / 3.0).abs() < 1e-6 && (scores[2][1] - 4.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn about_half_of_the_words_are_drawn_and_never_none() {
        let mut rng = StdRng::seed_from_u64(1);
        let counts: Vec<usize> = (0..1000).map(|_| some_of(&[7, 8, 9], &mut rng).len()).collect();
        assert!(counts.iter().all(|&count| count >= 1));
        // One is certain, each of the others comes with one half: 2 on average.
        let mean = counts.iter().sum::<usize>() as f64 / 1000.0;
        assert!((mean - 2.0).abs() < 0.12, "{mean}");
    }
}
