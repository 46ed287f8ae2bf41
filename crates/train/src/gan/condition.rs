//! What tells a conditional generator which style is wanted. Whatever it is, a style vector comes of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use serde::Deserialize;

use super::encoder::Encoder;
use super::folder::Folder;
use super::plan::Plan;
use super::settings::within;
use super::translator::STYLE_DEVIATION;
use super::view::View;
use super::words::{Vocabulary, scores, some_of, words};
use crate::pictures;

/// Reference pictures that the vector of a style is the mean of, outside of training.
const REFERENCES: usize = 16;

/// How a condition is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// By the name of a style: each has a learned vector.
    Label,
    /// By a picture in that style, of which an encoder makes a vector.
    Picture,
    /// By words, which stand for mixtures of the learned vectors.
    Text,
}

/// The section `[condition]` of a configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// "label", "picture" or "text".
    pub kind: Kind,
    /// Weight of the condition's own loss: for pictures how well the style of what was made is found again, for text how
    /// well words tell styles apart. Labels have none.
    #[serde(default = "one")]
    pub weight: f64,
    /// Channels of the encoder's first convolution.
    #[serde(default = "channels")]
    pub encoder_channels: usize,
    /// Texts whose styles samples show besides, and which a package gets too.
    #[serde(default)]
    pub prompts: Vec<String>,
    /// Pictures whose styles samples show besides, and which a package gets too, under the names of their files.
    #[serde(default)]
    pub references: Vec<PathBuf>,
}

fn one() -> f64 {
    1.0
}

fn channels() -> usize {
    8
}

/// A style that training knows: its name, as users type it, and the text that describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The words it is known by.
    pub description: String,
}

/// A way to style vectors, with what it needs to know of the styles.
pub struct Condition {
    settings: Settings,
    styles: Vec<Named>,
    encoder: Encoder,
    vocabulary: Vocabulary,
    /// The words of each description.
    descriptions: Vec<Vec<u32>>,
    prompts: Vec<Vec<u32>>,
    references: Vec<(Named, Folder)>,
}

impl Condition {
    /// Checks the settings and reads the references, which are cut to `size` pixels; errors name the key or the file, words
    /// that are not known by themselves.
    pub fn new(settings: &Settings, styles: Vec<Named>, style_dims: usize, size: usize) -> Result<Self> {
        within("condition.encoder-channels", settings.encoder_channels, 1, 256)?;
        let weight = settings.weight;
        ensure!(weight >= 0.0 && weight.is_finite(), "condition.weight is {weight}, it must be 0 or more");
        let is_text = settings.kind == Kind::Text;
        ensure!(is_text || settings.prompts.is_empty(), "words and condition.prompts need the kind \"text\"");
        let is_picture = settings.kind == Kind::Picture;
        ensure!(
            is_picture || settings.references.is_empty(),
            "reference pictures and condition.references need the kind \"picture\""
        );
        let references = settings.references.iter().map(|path| reference(path, size)).collect::<Result<_>>()?;
        let vocabulary = Vocabulary::of(styles.iter().map(|style| style.description.as_str()));
        let (mut descriptions, mut prompts) = (Vec::new(), Vec::new());
        if is_text {
            for Named { name, description } in &styles {
                let words = vocabulary.find(description);
                descriptions.push(words.with_context(|| format!("in the description of style \"{name}\""))?);
            }
            for prompt in &settings.prompts {
                prompts.push(vocabulary.find(prompt).with_context(|| format!("in condition.prompts, \"{prompt}\""))?);
            }
        }
        let encoder = Encoder { channels: settings.encoder_channels, style_dims };
        Ok(Condition { settings: settings.clone(), styles, encoder, vocabulary, descriptions, prompts, references })
    }

    /// Its tensors: the styles' vectors as "style.<name>", those of the encoder below "encoder", of the words below
    /// "words".
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        let learned = if self.settings.kind == Kind::Picture { &[][..] } else { &self.styles[..] };
        for style in learned {
            plan.normal(format!("style.{}", style.name), &[self.encoder.style_dims], STYLE_DEVIATION);
        }
        match self.settings.kind {
            Kind::Label => {}
            Kind::Picture => plan.parameters.extend(self.encoder.plan().parameters),
            Kind::Text => plan.zero("words.table".to_string(), &[self.vocabulary.len(), self.styles.len()]),
        }
        plan
    }

    /// Style vectors `[N, style_dims]` for labels, the numbers of styles: for pictures from random references in that
    /// style, for text from random words of its description. Text has a loss of its own besides: the cross entropy of
    /// the style that the words tell.
    pub fn draw(
        &self,
        view: &View,
        labels: &[usize],
        pictures: &[Folder],
        rng: &mut StdRng,
    ) -> Result<(Tensor, Option<Tensor>)> {
        match self.settings.kind {
            Kind::Label => {
                let rows: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
                Ok((self.table(view)?.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?, None))
            }
            Kind::Picture => {
                let references =
                    labels.iter().map(|&label| pictures[label].draw_one(rng)).collect::<Result<Vec<_>>>()?;
                Ok((self.encoder.forward(view, &Tensor::cat(&references, 0)?)?, None))
            }
            Kind::Text => {
                let texts: Vec<Vec<u32>> =
                    labels.iter().map(|&label| some_of(&self.descriptions[label], rng)).collect();
                let scores = scores(view.get("words.table")?, &texts)?;
                let wanted: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
                let wanted = Tensor::new(wanted, &Device::Cpu)?.unsqueeze(1)?;
                let told = candle_nn::ops::log_softmax(&scores, 1)?.gather(&wanted, 1)?;
                Ok((self.mixed(view, &scores)?, Some((told.mean_all()?.neg()? * self.settings.weight)?)))
            }
        }
    }

    /// For pictures: how far the style of what was made, `[N, 3, H, W]`, is from the one that was wanted
    /// `[N, style_dims]`, the mean absolute difference of the vectors (Choi et al. 2020).
    pub fn found_again(&self, view: &View, made: &Tensor, wanted: &Tensor) -> Result<Option<Tensor>> {
        if self.settings.kind != Kind::Picture {
            return Ok(None);
        }
        let difference = (self.encoder.forward(view, made)? - wanted)?.abs()?.mean_all()?;
        Ok(Some((difference * self.settings.weight)?))
    }

    /// Every style with its description and vector `[style_dims]`, and every prompt and reference as one: the words of a
    /// prompt are joined with hyphens.
    pub fn vectors(&self, view: &View, pictures: &[Folder]) -> Result<Vec<(Named, Tensor)>> {
        let vectors = match self.settings.kind {
            Kind::Label => self.table(view)?,
            Kind::Picture => {
                let mean = |folder: &Folder| -> Result<Tensor> {
                    Ok(self.encoder.forward(view, &folder.middles(REFERENCES)?)?.mean(0)?)
                };
                let references = self.references.iter().map(|(_, folder)| folder);
                Tensor::stack(&pictures.iter().chain(references).map(mean).collect::<Result<Vec<_>>>()?, 0)?
            }
            Kind::Text => {
                let texts: Vec<Vec<u32>> = self.descriptions.iter().chain(&self.prompts).cloned().collect();
                self.mixed(view, &scores(view.get("words.table")?, &texts)?)?
            }
        };
        let prompts = self.settings.prompts.iter().map(|prompt| Named {
            name: prompt.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-"),
            description: prompt.clone(),
        });
        let references = self.references.iter().map(|(named, _)| named.clone());
        let named: Vec<Named> = self.styles.iter().cloned().chain(prompts).chain(references).collect();
        for (index, Named { name, .. }) in named.iter().enumerate() {
            let is_first = named[..index].iter().all(|earlier| earlier.name != *name);
            ensure!(is_first, "there are two styles \"{name}\": use other words, or rename the reference picture");
        }
        named.into_iter().enumerate().map(|(index, named)| Ok((named, vectors.get(index)?))).collect()
    }

    /// The learned vectors `[styles, style_dims]`.
    fn table(&self, view: &View) -> Result<Tensor> {
        let row = |style: &Named| view.part("style", &style.name).cloned();
        Ok(Tensor::stack(&self.styles.iter().map(row).collect::<candle_core::Result<Vec<_>>>()?, 0)?)
    }

    /// The learned vectors mixed by scores `[N, styles]`.
    fn mixed(&self, view: &View, scores: &Tensor) -> Result<Tensor> {
        Ok(candle_nn::ops::softmax(scores, 1)?.matmul(&self.table(view)?)?)
    }
}

/// The middle of a picture as a style of its own, scaled to a shorter side of `size`.
fn reference(path: &Path, size: usize) -> Result<(Named, Folder)> {
    let picture = pictures::scaled_to(&pictures::read(path)?, size as u32);
    let stem = path.file_stem().with_context(|| format!("{} has no name", path.display()))?;
    let words: Vec<String> = words(&stem.to_string_lossy()).collect();
    ensure!(!words.is_empty(), "the name of {} has neither letters nor digits to call a style by", path.display());
    let named = Named { name: words.join("-"), description: format!("As the picture {}.", stem.to_string_lossy()) };
    Ok((named, Folder::of(vec![picture], size)))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::view::Mode;
    use super::*;

    fn condition(kind: Kind, prompts: &[&str]) -> Result<Condition> {
        let named = |name: &str, description: &str| Named { name: name.into(), description: description.into() };
        let styles = vec![named("ink", "Bold ink lines"), named("wash", "Light washes")];
        let prompts = prompts.iter().map(|prompt| prompt.to_string()).collect();
        let settings = Settings { kind, weight: 0.5, encoder_channels: 2, prompts, references: Vec::new() };
        Condition::new(&settings, styles, 2, 16)
    }

    /// Vectors (1, 0) and (0, 1); words: bold, ink, light, lines, washes.
    fn view() -> View {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        let log = 3f32.ln();
        let table = tensor(&[0.0, 0.0, 2.0 * log, 0.0, 0.0, 0.0, log, 0.0, 0.0, 9.0]).reshape((5, 2)).unwrap();
        let tensors = [
            ("style.ink".to_string(), tensor(&[1.0, 0.0])),
            ("style.wash".to_string(), tensor(&[0.0, 1.0])),
            ("words.table".to_string(), table),
        ];
        View::new(tensors.into_iter().collect(), Mode::Inference)
    }

    #[test]
    fn a_label_is_its_own_vector() {
        let label = condition(Kind::Label, &[]).unwrap();
        let (vectors, loss) = label.draw(&view(), &[1, 0, 1], &[], &mut StdRng::seed_from_u64(1)).unwrap();
        assert_eq!(vectors.to_vec2::<f32>().unwrap(), [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]);
        assert!(loss.is_none());
    }

    #[test]
    fn a_text_is_a_mixture_by_its_words() {
        let text = condition(Kind::Text, &["light ink"]).unwrap();
        let vectors = text.vectors(&view(), &[]).unwrap();
        assert_eq!(vectors[2].0.name, "light-ink");
        let numbers = |index: usize| vectors[index].1.to_vec1::<f32>().unwrap();
        // "Bold ink lines" scores (0 + 2 log 3 + log 3) / 3 = log 3 against 0: three quarters to one.
        // "light ink" scores (0 + 2 log 3) / 2 = log 3 as well.
        for index in [0, 2] {
            assert!((numbers(index)[0] - 0.75).abs() < 1e-6 && (numbers(index)[1] - 0.25).abs() < 1e-6);
        }
        // Of any words that are drawn of "Light washes", those with "washes" tell it best: the loss is half of the
        // cross entropy, log 2 for "light" alone.
        let (_, loss) = text.draw(&view(), &[1; 16], &[], &mut StdRng::seed_from_u64(1)).unwrap();
        let loss = loss.unwrap().to_scalar::<f32>().unwrap();
        assert!(loss > 0.0 && loss < 0.5 * 2f32.ln(), "{loss}");
    }

    #[test]
    fn unknown_words_and_settings_are_named() {
        let error = |result: Result<Condition>| format!("{:#}", result.err().unwrap());
        let told = error(condition(Kind::Text, &["bold neon"]));
        assert!(told.contains("condition.prompts") && told.contains("word \"neon\""), "{told}");
        assert!(error(condition(Kind::Label, &["bold"])).contains("condition.prompts need"));
    }
}
