//! From files to a catalog: the built-in folder, then the operator's of the same shape, then `grantway.toml`.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::Path,
};

use grantway_core::ProviderId;
use include_dir::{Dir, include_dir};
use toml::{Table, Value};

use crate::{InvalidProvider, Provider};

static BUILT_IN: Dir = include_dir!("$CARGO_MANIFEST_DIR/providers");

/// How many tables may stand on one another by `extends`.
const DEEPEST: usize = 6;

/// The providers that this server knows.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    providers: BTreeMap<ProviderId, Provider>,
}

/// A catalog file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// It can't be read.
    #[error("{file}: {source}")]
    File {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Its name is no provider id.
    #[error("{file}: the file's name is not a provider id (a-z, 0-9, - and _)")]
    Name {
        /// Which.
        file: String,
    },
    /// It is no TOML of the provider's form.
    #[error("{file}: {source}")]
    Form {
        /// Which.
        file: String,
        /// Why, with line and key.
        source: Box<toml::de::Error>,
    },
    /// It stands on a provider that is not there, or on itself.
    #[error("{file}: `extends = \"{on}\"` names no provider, or goes in a circle")]
    Extends {
        /// Which.
        file: String,
        /// On which.
        on: String,
    },
    /// It breaks a rule.
    #[error("{file}: {source}")]
    Rule {
        /// Which.
        file: String,
        /// Which rule.
        source: InvalidProvider,
    },
}

/// What is said of each provider, by its id: the built-in file below, the operator's own above it.
type Texts = HashMap<String, Vec<Text>>;

struct Text {
    file: String,
    table: Table,
}

impl Catalog {
    /// The catalog that comes with the binary.
    ///
    /// # Errors
    /// When one of its files is wrong; the tests see to it that none is.
    pub fn built_in() -> Result<Self, CatalogError> {
        Self::of(built_in_texts()?)
    }

    /// The built-in catalog; above it the files of a folder, and above those the tables of `[providers]`. Each
    /// takes the place of what has the same id below it, or stands on that or another by `extends`.
    ///
    /// # Errors
    /// When one is wrong.
    pub fn layered(
        folder: Option<&Path>,
        declared: &BTreeMap<ProviderId, Table>,
    ) -> Result<Self, CatalogError> {
        let mut texts = built_in_texts()?;
        for (stem, text) in folder.map_or_else(|| Ok(Vec::new()), folder_texts)? {
            texts.entry(stem).or_default().push(text);
        }
        for (id, table) in declared {
            let text = Text { file: format!("providers.{id}"), table: table.clone() };
            texts.entry(id.to_string()).or_default().push(text);
        }
        Self::of(texts)
    }

    /// Adds a provider, or replaces the one of the same id.
    ///
    /// # Errors
    /// When it breaks a rule.
    pub fn declare(&mut self, id: ProviderId, provider: Provider) -> Result<(), InvalidProvider> {
        provider.validate()?;
        self.providers.insert(id, provider);
        Ok(())
    }

    /// One provider.
    #[must_use]
    pub fn get(&self, id: &ProviderId) -> Option<&Provider> {
        self.providers.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&ProviderId, &Provider)> {
        self.providers.iter()
    }

    fn of(texts: Texts) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for (stem, layers) in &texts {
            let Some(Text { file, .. }) = layers.last() else { continue };
            let id = stem.parse().map_err(|_| CatalogError::Name { file: file.clone() })?;
            let table = extended(&texts, stem, layers, 0)?;
            let provider = Provider::try_from_table(table)
                .map_err(|source| CatalogError::Form { file: file.clone(), source: Box::new(source) })?;
            catalog
                .declare(id, provider)
                .map_err(|source| CatalogError::Rule { file: file.clone(), source })?;
        }
        Ok(catalog)
    }
}

impl Provider {
    fn try_from_table(table: Table) -> Result<Self, toml::de::Error> {
        Value::Table(table).try_into()
    }
}

fn built_in_texts() -> Result<Texts, CatalogError> {
    let read = |file: &include_dir::File| {
        let name = file.path().display().to_string();
        let table = parse(&name, file.contents_utf8().unwrap_or_default())?;
        Ok((name.trim_end_matches(".toml").to_owned(), vec![Text { file: name, table }]))
    };
    BUILT_IN.files().map(read).collect()
}

fn folder_texts(folder: &Path) -> Result<Vec<(String, Text)>, CatalogError> {
    let failed = |source| CatalogError::File { file: folder.display().to_string(), source };
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let file = path.display().to_string();
            let text = fs::read_to_string(&path)
                .map_err(|source| CatalogError::File { file: file.clone(), source })?;
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            texts.push((stem, Text { table: parse(&file, &text)?, file }));
        }
    }
    Ok(texts)
}

fn parse(file: &str, text: &str) -> Result<Table, CatalogError> {
    text.parse().map_err(|source| CatalogError::Form { file: file.to_owned(), source: Box::new(source) })
}

/// The topmost table of a provider on top of the one that it extends: another's, for families that share their
/// endpoints, or what the same id has below it.
fn extended(texts: &Texts, stem: &str, layers: &[Text], depth: usize) -> Result<Table, CatalogError> {
    let Some((text, below)) = layers.split_last() else { return Ok(Table::new()) };
    let mut own = text.table.clone();
    let on = match own.remove("extends") {
        None => return Ok(own),
        Some(on) => on.as_str().unwrap_or_default().to_owned(),
    };
    let others = if on == stem { Some(below) } else { texts.get(&on).map(Vec::as_slice) };
    let others = others.filter(|layers| !layers.is_empty() && depth < DEEPEST);
    let Some(others) = others else {
        return Err(CatalogError::Extends { file: text.file.clone(), on });
    };
    let mut base = extended(texts, &on, others, depth + 1)?;
    if on != stem {
        // What people search for is each one's own.
        base.remove("aliases");
    }
    lay_over(&mut base, own);
    Ok(base)
}

fn lay_over(base: &mut Table, own: Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
