//! Styles that somebody asks a trained conditional generator for, by words or by pictures.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use toml::{Table, Value};

/// What a run shall show or export besides the styles that it was trained on.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct Wanted {
    /// Words for a style of its own, such as "bold washes", of those that the styles are described with; for runs whose
    /// condition is "text"; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub words: Vec<String>,
    /// Picture in a style of its own, which takes the name of the file; for runs whose condition is "picture"; may be given
    /// several times
    #[arg(long, value_name = "FILE")]
    pub reference: Vec<PathBuf>,
}

impl Wanted {
    /// Writes it into the configuration of a run.
    pub fn add_to(&self, config: &mut Table) -> Result<()> {
        if self.words.is_empty() && self.reference.is_empty() {
            return Ok(());
        }
        let condition = config.get_mut("condition").and_then(Value::as_table_mut);
        let condition = condition.context("words and reference pictures are for runs with a [condition]")?;
        let files = self.reference.iter().map(|path| {
            let path = std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))?;
            let text = path.to_str().with_context(|| format!("the name of {} is no Unicode", path.display()))?;
            Ok(text.to_string())
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        for (key, more) in [("prompts", self.words.clone()), ("references", files)] {
            let known = condition.entry(key).or_insert_with(|| Value::Array(Vec::new()));
            let known = known.as_array_mut().with_context(|| format!("condition.{key} is no list"))?;
            known.extend(more.into_iter().map(Value::String));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_joins_what_the_configuration_has() {
        let wanted = Wanted { words: vec!["light lines".to_string()], reference: vec![PathBuf::from("/a/b.jpg")] };
        let mut config: Table = toml::from_str("[condition]\nprompts = [\"bold washes\"]\n").unwrap();
        wanted.add_to(&mut config).unwrap();
        let expected = "[condition]\nprompts = [\"bold washes\", \"light lines\"]\nreferences = [\"/a/b.jpg\"]\n";
        assert_eq!(config, toml::from_str(expected).unwrap());

        let mut none = Table::new();
        assert!(wanted.add_to(&mut none).unwrap_err().to_string().contains("[condition]"));
        Wanted::default().add_to(&mut none).unwrap();
        assert!(none.is_empty());
    }
}
