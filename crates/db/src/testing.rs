//! Databases for tests: every story is told on SQLite (a file) and on PostgreSQL (a schema).

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    time::Duration,
};

use base::{Clock, Instant};
use tempfile::TempDir;

use crate::{
    Act, Config, Db, Kind, Migration,
    blobs::{self, Blobs},
};

/// Names the server for the tests' schemas: `postgres://user@127.0.0.1:port/database`.
pub const SERVER: &str = "CUULONG_TEST_POSTGRES";

/// An empty database with db's own tables, and a folder beside it. Both vanish after the story.
pub struct TestDb {
    pub db: Db,
    /// To open the same data once more, as a second instance would.
    pub config: Config,
    dir: TempDir,
}

impl TestDb {
    /// A folder of the test's own.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The engine.
    pub fn kind(&self) -> Kind {
        self.db.kind()
    }

    /// Makes tables.
    pub async fn migrate(&self, migrations: &[Migration]) {
        self.db.migrate(migrations).await.expect("the migrations fit an empty database");
    }

    /// A second instance on the same data.
    pub async fn again(&self) -> Db {
        Db::open(&self.config).await.expect("the same database opens once more")
    }

    /// Contents in a folder of the test's own.
    pub async fn blobs(&self) -> Blobs {
        let config = blobs::Config::folder(&self.dir().join("blobs"));
        Blobs::open(&config).await.expect("a folder for contents")
    }

    /// A deed for writes whose audit entry does not matter to the test.
    pub fn act(&self) -> Act {
        Act::system("test.write", "", Instant::from_micros(1_000_000))
    }
}

/// Tells a story twice: `both(async |t| { t.db.write(…).await … })` on SQLite, then on PostgreSQL,
/// each on a runtime of its own with several threads. A panic in it is the test's.
///
/// # Panics
/// When the environment names no PostgreSQL server, and when the story panics.
pub fn both<F: AsyncFn(TestDb)>(story: F) {
    on_sqlite(&story);
    on_postgres(&story);
}

/// The story on SQLite alone: for what only that engine has.
///
/// # Panics
/// When the story does.
pub fn on_sqlite<F: AsyncFn(TestDb)>(story: F) {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let config = Config::new(format!("sqlite:{}", dir.path().join("test.db").display()));
    eprintln!("-- on SQLite");
    runtime().block_on(async {
        let db = open(&config).await;
        tell(&story, TestDb { db: db.clone(), config, dir }).await;
        db.close().await;
    });
}

/// An empty schema on the tests' server, for whoever opens it by its address: the real binary does.
pub struct Schema {
    server: String,
    name: String,
    /// The address of the schema.
    pub url: String,
}

impl Schema {
    /// Makes one.
    ///
    /// # Panics
    /// When the environment names no server.
    pub async fn create() -> Schema {
        let server = std::env::var(SERVER).unwrap_or_else(|_| {
            panic!(
                "{SERVER} is not set: run the tests with `cargo x test`, or name a PostgreSQL server for them"
            )
        });
        let name = format!("test_{}", base::Id::<SchemaKind>::fresh().to_string().replace('-', ""));
        let mark = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{mark}application_name={name}&options=-c%20search_path%3D{name}");
        statement(&server, &format!("create schema {name}")).await;
        Schema { server, name, url }
    }

    /// Removes it with everything in it.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn remove(self) {
        statement(&self.server, &format!("drop schema {} cascade", self.name)).await;
    }
}

/// The story on PostgreSQL alone.
///
/// # Panics
/// When the environment names no server, and when the story panics.
pub fn on_postgres<F: AsyncFn(TestDb)>(story: F) {
    let dir = tempfile::tempdir().expect("a folder for the test");
    eprintln!("-- on PostgreSQL");
    let runtime = runtime();
    let schema = runtime.block_on(Schema::create());
    let config = Config { connections: 8, ..Config::new(schema.url.clone()) };
    let told = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let db = open(&config).await;
            tell(&story, TestDb { db: db.clone(), config, dir }).await;
            db.close().await;
        });
    }));
    runtime.block_on(schema.remove());
    told.unwrap_or_else(|panic| resume_unwind(panic));
}

/// A story that does not end fails.
async fn tell<F: AsyncFn(TestDb)>(story: &F, t: TestDb) {
    // Browsers included, on a machine that runs other tests beside it.
    const STORY_TIME_MAX: Duration = Duration::from_secs(180);
    let told = tokio::time::timeout(STORY_TIME_MAX, story(t)).await;
    assert!(told.is_ok(), "the story did not end within {} s", STORY_TIME_MAX.as_secs());
}

enum SchemaKind {}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime for the test")
}

async fn open(config: &Config) -> Db {
    let db = Db::open(config).await.unwrap_or_else(|e| panic!("{e}"));
    db.migrate(&[]).await.expect("db's own tables");
    db
}

async fn statement(server: &str, sql: &str) {
    let connected = tokio_postgres::connect(server, tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|e| panic!("{SERVER} = {server}: {e}"));
    let drive = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    drop(client);
    let _ = drive.await;
}

/// Today, for tests that need no particular day.
pub fn now() -> Instant {
    Clock::system().now()
}
