//! From settings to a database that can be used: schema, master key, first signing key, in an order in which nothing
//! is changed before it is known that nothing stands against it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::AppError;
use crate::clock;
use crate::crypto::master_key::MasterKey;
use crate::crypto::random;
use crate::store::migrations::{self, SchemaState};
use crate::store::{Db, DbConnection, DbOptions, StoreError, meta};

/// Where the master key comes from.
#[derive(Clone)]
pub enum MasterKeySource {
    /// Given in the environment.
    Given(MasterKey),
    /// The file `master.key` in this directory.
    Directory(PathBuf),
}

impl MasterKeySource {
    /// The file, when the key is in one and the file is there.
    pub fn existing_file(&self) -> Option<PathBuf> {
        match self {
            Self::Given(_) => None,
            Self::Directory(directory) => Some(directory.join(MASTER_KEY_FILE)).filter(|path| path.exists()),
        }
    }
}

impl fmt::Debug for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given([redacted])"),
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
        }
    }
}

/// The name of the master key's file.
pub const MASTER_KEY_FILE: &str = "master.key";

/// Why the database and its master key cannot be used. One line for the terminal.
#[derive(Debug)]
pub enum BootstrapError {
    /// The database.
    Store(StoreError),
    /// The schema does not fit.
    Schema(&'static str),
    /// The master key's file; the text names the path and the cause.
    MasterKey(String),
    /// A use case failed.
    App(AppError),
}

impl fmt::Display for BootstrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Schema(text) => f.write_str(text),
            Self::MasterKey(text) => f.write_str(text),
            Self::App(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BootstrapError {}

impl From<StoreError> for BootstrapError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<AppError> for BootstrapError {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

/// Opens the database with its master key. `migrate` says whether pending migrations are applied, and with them, in a
/// database that has none yet, a master key made.
///
/// # Errors
/// [`BootstrapError`]; nothing was changed then.
pub fn open(options: &DbOptions, source: &MasterKeySource, migrate: bool) -> Result<(Db, MasterKey), BootstrapError> {
    // A file that is there must be sound, whatever the database says.
    let present = read_present(source)?;
    if let Some(mut connection) = Db::look(&options.url) {
        match check(&mut connection, source, present.as_ref()) {
            // A process was killed in the middle of a write: only a connection that may write can recover the file.
            Err(BootstrapError::Store(StoreError::Unavailable(_))) => {}
            looked => {
                looked?;
            }
        }
    }
    let db = Db::open(options)?;
    let mut connection = db.dedicated_connection()?;
    match (check(&mut connection, source, present.as_ref())?, migrate) {
        (SchemaState::Current, _) => {}
        (SchemaState::Empty | SchemaState::Older | SchemaState::Newer, true) => {
            let applied = migrations::run(&mut connection)?;
            log::info!(applied; "the database schema is up to date");
        }
        (SchemaState::Empty, false) => {
            return Err(BootstrapError::Schema("the database is empty; run `claviger migrate` first"));
        }
        (SchemaState::Older | SchemaState::Newer, false) => {
            return Err(BootstrapError::Schema("the database has pending migrations; run `claviger migrate` first"));
        }
    }
    let master_key = bind(&db, source, present, migrate)?;
    Ok((db, master_key))
}

/// Whether this program and this master key fit the database. Changes nothing.
fn check(
    connection: &mut DbConnection,
    source: &MasterKeySource,
    present: Option<&MasterKey>,
) -> Result<SchemaState, BootstrapError> {
    let state = migrations::state(connection)?;
    match state {
        SchemaState::Newer => {
            return Err(BootstrapError::Schema(
                "the database is newer than this program: a later version of claviger has migrated it, and this one must not touch it",
            ));
        }
        SchemaState::Empty => {}
        SchemaState::Current | SchemaState::Older => {
            if let Some(bound_to) = meta::master_key_check(connection)? {
                check_binding(&bound_to, source, present)?;
            }
        }
    }
    Ok(state)
}

fn read_present(source: &MasterKeySource) -> Result<Option<MasterKey>, BootstrapError> {
    match source {
        MasterKeySource::Given(key) => Ok(Some(key.clone())),
        MasterKeySource::Directory(directory) => read_file(&directory.join(MASTER_KEY_FILE)),
    }
}

/// Reads the file; `None` when it is not there.
fn read_file(path: &Path) -> Result<Option<MasterKey>, BootstrapError> {
    let refused = |cause: &dyn fmt::Display| BootstrapError::MasterKey(format!("the master key {}: {cause}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(&error)),
    };
    let metadata = file.metadata().map_err(|error| refused(&error))?;
    if !may_own(metadata.uid(), rustix::process::geteuid().as_raw()) {
        return Err(refused(&format_args!("it belongs to another user (uid {}), who can read and replace it", metadata.uid())));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(refused(&format_args!("others can read it (mode {mode:04o}); run chmod 600 on it")));
    }
    let mut content = zeroize::Zeroizing::new(Vec::with_capacity(128));
    file.take(128).read_to_end(&mut content).map_err(|error| refused(&error))?;
    MasterKey::parse_file(&content).map(Some).map_err(|error| refused(&error))
}

/// Whether the file of `owner` may be trusted by a process of the user `own`. Root can read and replace it anyway, and
/// takes what it is given, as in a container whose volume belongs to somebody outside.
const fn may_own(owner: u32, own: u32) -> bool {
    owner == own || owner == 0 || own == 0
}

fn check_value(key: &MasterKey) -> Result<String, BootstrapError> {
    key.check_value().map_err(|error| BootstrapError::App(error.into()))
}

/// Refuses a missing or wrong master key beside existing data.
fn check_binding(bound_to: &str, source: &MasterKeySource, present: Option<&MasterKey>) -> Result<(), BootstrapError> {
    // A node that starts at the same time may have made the file since it was looked for.
    let late = if present.is_none() { read_present(source)? } else { None };
    match present.or(late.as_ref()) {
        None => Err(missing_key(source)),
        Some(key) if check_value(key)? != bound_to => Err(wrong_key(source)),
        Some(_) => Ok(()),
    }
}

fn missing_key(source: &MasterKeySource) -> BootstrapError {
    BootstrapError::MasterKey(format!(
        "the master key is missing: this database was written under the one that was in {}; put it back from your backup",
        shown(source)
    ))
}

fn wrong_key(source: &MasterKeySource) -> BootstrapError {
    BootstrapError::MasterKey(format!("the master key in {} is not the one that this database was written under", shown(source)))
}

fn shown(source: &MasterKeySource) -> String {
    match source {
        MasterKeySource::Given(_) => "CLAVIGER_MASTER_KEY".to_owned(),
        MasterKeySource::Directory(directory) => directory.join(MASTER_KEY_FILE).display().to_string(),
    }
}

/// Takes the master key that is there, or makes one for a database that has none, and binds the two to each other.
fn bind(db: &Db, source: &MasterKeySource, present: Option<MasterKey>, may_mint: bool) -> Result<MasterKey, BootstrapError> {
    let bound_to = db.read(meta::master_key_check)?;
    let present = match present {
        None => read_present(source)?,
        present => present,
    };
    let key = match (present, source) {
        (Some(key), _) => key,
        (None, MasterKeySource::Directory(directory)) if bound_to.is_none() && may_mint => mint(directory)?,
        (None, _) => return Err(missing_key(source)),
    };
    let value = check_value(&key)?;
    let bound_to = match bound_to {
        Some(bound_to) => bound_to,
        None => bind_first(db, &value)?,
    };
    // A file that turns out to be of no use stays where it is: it is another node's to judge whether it is.
    if bound_to == value { Ok(key) } else { Err(wrong_key(source)) }
}

/// Binds the database to a key, unless another node was quicker. Returns what it is bound to.
fn bind_first(db: &Db, value: &str) -> Result<String, BootstrapError> {
    match db.write(clock::now(), |transaction| meta::set_master_key_check(transaction, value)) {
        Ok(()) => Ok(value.to_owned()),
        Err(StoreError::UniqueViolation(name)) => {
            db.read(meta::master_key_check)?.ok_or(BootstrapError::Store(StoreError::UniqueViolation(name)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes a master key and its file, complete on the disk before anything is written under it. Returns what the file
/// then holds: a node on the same directory may have been quicker.
fn mint(directory: &Path) -> Result<MasterKey, BootstrapError> {
    let path = directory.join(MASTER_KEY_FILE);
    let failed =
        |cause: io::Error| BootstrapError::MasterKey(format!("the master key {} cannot be written: {cause}", path.display()));
    let crypto = |error| BootstrapError::App(AppError::Crypto(error));
    let key = MasterKey::generate().map_err(crypto)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    // A name of its own: two nodes in containers have the same process id.
    let draft = directory.join(format!("{MASTER_KEY_FILE}.{}", random::name().map_err(crypto)?));
    let written = write_file(&draft, key.to_file_text().as_bytes())
        // A link, unlike a rename, never replaces what is there.
        .and_then(|()| fs::hard_link(&draft, &path));
    drop(fs::remove_file(&draft));
    match written {
        Ok(()) => log::info!("made a new master key in {}: back it up", path.display()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    for made in [Some(directory), directory.parent().filter(|parent| !parent.as_os_str().is_empty())].into_iter().flatten() {
        File::open(made).and_then(|made| made.sync_all()).map_err(failed)?;
    }
    read_file(&path)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::may_own;

    #[test]
    fn a_master_key_belongs_to_this_user_or_to_root() {
        assert!(may_own(1000, 1000) && may_own(0, 1000) && may_own(1000, 0));
        assert!(!may_own(1001, 1000));
    }
}
