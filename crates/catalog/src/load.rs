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

/// How many files may stand on one another by `extends`.
const DEEPEST: usize = 4;

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

/// Files by their stem.
type Texts = HashMap<String, Text>;

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

    /// The built-in catalog, with the files of a folder added or in the place of those of the same name.
    ///
    /// # Errors
    /// When a file is wrong.
    pub fn with_folder(folder: &Path) -> Result<Self, CatalogError> {
        let mut texts = built_in_texts()?;
        let failed = |source| CatalogError::File { file: folder.display().to_string(), source };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                let file = path.display().to_string();
                let text = fs::read_to_string(&path)
                    .map_err(|source| CatalogError::File { file: file.clone(), source })?;
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                texts.insert(stem.to_owned(), Text { table: parse(&file, &text)?, file });
            }
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
        for (stem, Text { file, .. }) in &texts {
            let id = stem.parse().map_err(|_| CatalogError::Name { file: file.clone() })?;
            let table = extended(&texts, stem, 0)?;
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
        Ok((name.trim_end_matches(".toml").to_owned(), Text { file: name, table }))
    };
    BUILT_IN.files().map(read).collect()
}

fn parse(file: &str, text: &str) -> Result<Table, CatalogError> {
    text.parse().map_err(|source| CatalogError::Form { file: file.to_owned(), source: Box::new(source) })
}

/// A file's table on top of the one that it extends: `extends` is for families that share their endpoints.
fn extended(texts: &Texts, stem: &str, depth: usize) -> Result<Table, CatalogError> {
    let Some(text) = texts.get(stem) else { return Ok(Table::new()) };
    let mut own = text.table.clone();
    let on = match own.remove("extends") {
        None => return Ok(own),
        Some(Value::String(on)) if texts.contains_key(&on) && depth < DEEPEST => on,
        Some(on) => {
            let on = on.as_str().unwrap_or_default().to_owned();
            return Err(CatalogError::Extends { file: text.file.clone(), on });
        }
    };
    let mut base = extended(texts, &on, depth + 1)?;
    // What people search for is each one's own.
    base.remove("aliases");
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
