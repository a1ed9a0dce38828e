//! A real PostgreSQL server for tests, started by the test process that first asks and ended with it.
//!
//! It lies in a folder of its own, listens on a socket in there and nowhere else, and spares the disk: what
//! it commits is lost if the machine stops. Root can't run it, so root lends it another user.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// Makes a cluster, starts its server, tells the folder, and waits for the end of whoever started it: that
/// closes the pipe, however it ends.
const SCRIPT: &str = r#"
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1/initdb" --pgdata="$folder/data" --username=grantway --auth=trust --no-locale --encoding=UTF8 --no-sync >"$folder/log" 2>&1 ||
  { cat "$folder/log" >&2; exit 1; }
"$1/postgres" -D "$folder/data" -k "$folder" -h '' -F -c full_page_writes=off -c max_connections=500 >"$folder/log" 2>&1 &
until "$1/pg_isready" --quiet --username=grantway --host="$folder"; do
  kill -0 $! 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.05
done
echo "$folder"
cat >/dev/null
kill -INT $!
wait
"#;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Not installed.
    #[error(
        "PostgreSQL is missing: no initdb below /usr/lib/postgresql and none on the PATH; apt-get install postgresql"
    )]
    Missing,
    /// Root needs one of them.
    #[error("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as")]
    NoUser,
    /// One of its programs could not be run.
    #[error("PostgreSQL's programs can't be run")]
    Program(#[from] io::Error),
    /// One of its programs failed.
    #[error("PostgreSQL failed: {0}")]
    Failed(String),
}

/// A server. It stops when this is dropped, or the process ends.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    programs: PathBuf,
    databases: AtomicU32,
    _until_closed: Option<ChildStdin>,
}

/// The URL of a new, empty database on the one server of this process.
///
/// # Errors
/// When there is no PostgreSQL here, or it does not start.
pub fn database() -> Result<String, PostgresError> {
    static SERVER: Mutex<Option<PostgresServer>> = Mutex::new(None);
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut *server {
        Some(server) => server.database(),
        none => none.insert(PostgresServer::start()?).database(),
    }
}

impl PostgresServer {
    /// Starts one more.
    ///
    /// # Errors
    /// When there is no PostgreSQL here, or it does not start.
    pub fn start() -> Result<Self, PostgresError> {
        let programs = programs()?;
        let mut script = Command::new("sh");
        script.args(["-c", SCRIPT, "sh"]).arg(&programs).current_dir("/");
        if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            let (user, group) = user(&fs::read_to_string("/etc/passwd")?).ok_or(PostgresError::NoUser)?;
            script.uid(user).gid(group);
        }
        let mut script =
            script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut folder = String::new();
        if let Some(told) = script.stdout.take() {
            BufReader::new(told).read_line(&mut folder)?;
        }
        if folder.is_empty() {
            let mut why = String::new();
            if let Some(mut told) = script.stderr.take() {
                told.read_to_string(&mut why)?;
            }
            return Err(PostgresError::Failed(why));
        }
        Ok(Self {
            folder: folder.trim_end().into(),
            programs,
            databases: AtomicU32::new(0),
            _until_closed: script.stdin.take(),
        })
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn database(&self) -> Result<String, PostgresError> {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(self.programs.join("createdb"));
        let made = create.arg("--username=grantway").arg("--host").arg(&self.folder).arg(&name).output()?;
        if !made.status.success() {
            return Err(PostgresError::Failed(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        Ok(format!("postgres://grantway@localhost/{name}?host={}", self.folder.display()))
    }
}

/// Where the newest version's programs are: Debian keeps each version's apart, others on the PATH.
fn programs() -> Result<PathBuf, PostgresError> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        Some((number, version.path().join("bin")))
    });
    let newest = debian.filter(|(_, folder)| has_server(folder)).max_by_key(|(number, _)| *number);
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest
        .map(|(_, folder)| folder)
        .or_else(|| std::env::split_paths(&path).find(|folder| has_server(folder)))
        .ok_or(PostgresError::Missing)
}

fn has_server(folder: &Path) -> bool {
    folder.join("initdb").exists()
}

/// Whom root can run it as: user and group.
fn user(passwd: &str) -> Option<(u32, u32)> {
    let found = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    found("postgres").or_else(|| found("nobody"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_leaves_nothing_behind() {
        let server = PostgresServer::start().unwrap();
        let folder = server.folder.clone();
        let (one, other) = (server.database().unwrap(), server.database().unwrap());
        assert!(one != other && folder.exists());

        drop(server);

        let gone = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            !folder.exists()
        });
        assert!(gone, "{} is still there", folder.display());
    }

    #[test]
    fn root_lends_it_the_user_that_it_was_installed_with() {
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false";
        let both = format!("{nobody}\npostgres:x:101:104::/var/lib/postgresql:/bin/bash");

        assert_eq!((user(nobody), user(&both), user("")), (Some((65534, 65533)), Some((101, 104)), None));
    }
}
